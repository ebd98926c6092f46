"""People, service accounts and keys."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.apikeys import mint, stored_form
from tenuto.govern.identities import queries
from tenuto.govern.identities.entrance import Doorkeeper, new_invitation, require_email
from tenuto.govern.identities.errors import EMAIL_TAKEN, KEY_NEEDS_WORKSPACE
from tenuto.govern.identities.words import KeyInfo, KeyPurpose, Person, ServiceAccount
from tenuto.govern.secret_text import SecretText
from tenuto.govern.use_case import Case, use_case

DEFAULT_KEY_DAYS = 90


class Invited(msgspec.Struct, frozen=True):
    """An invited person, and the token to hand over. It is shown once."""

    person: Person
    token: SecretText


class MadeKey(msgspec.Struct, frozen=True):
    """A new key. ``key`` is shown once."""

    info: KeyInfo
    key: SecretText


@use_case("govern:person:invite")
def invite(case: Case, *, keeper: Doorkeeper, email: str, name: str) -> Invited:
    """Make a person known, or send a known one a new invitation to set a password."""
    kept = require_email(email)
    known = queries.person_by_email(case.tx, kept)
    person = known[0] if known else Person(case.ids.new(), kept, name.strip(), active=True)
    case.permit(person.ref)
    if known is not None and known[1] is not None and known[0].name != name.strip():
        raise TenutoError(EMAIL_TAKEN, kept)
    if known is None:
        queries.insert_person(case.tx, person, None)
    token = new_invitation(keeper, case.tx, person.id)
    case.record(person.ref, {"email": kept})
    return Invited(person, token)


@use_case("govern:person:read", mutating=False)
def people(case: Case) -> list[Person]:
    case.permit(Ref("Person", "*"))
    return [one for one in queries.people(case.tx) if case.may(one.ref)]


@use_case("govern:service_account:create")
def create_account(case: Case, *, name: str) -> ServiceAccount:
    """Make a service account that the caller answers for."""
    account = ServiceAccount(case.ids.new(), name, case.scope.actor.answerable, active=True)
    case.permit(account.ref)
    queries.insert_account(case.tx, account)
    case.record(account.ref)
    return account


@use_case("govern:service_account:read", mutating=False)
def accounts(case: Case) -> list[ServiceAccount]:
    case.permit(Ref("ServiceAccount", "*"))
    return [one for one in queries.accounts(case.tx) if case.may(one.ref)]


@use_case("govern:api_key:create")
def create_key(
    case: Case,
    *,
    keeper: Doorkeeper,
    name: str,
    purpose: KeyPurpose,
    account: str | None = None,
    models: list[str] | None = None,
    days: int = DEFAULT_KEY_DAYS,
    environment: str = "live",
) -> MadeKey:
    """Make a key for the caller, or for a service account. A gateway key belongs to the caller's workspace."""
    if purpose is KeyPurpose.GATEWAY and case.scope.workspace is None:
        raise TenutoError(KEY_NEEDS_WORKSPACE)
    holder = queries.account_by_name(case.tx, account).actor if account else case.scope.actor
    key = mint(environment, keeper.entropy)
    now = case.tx.now()
    info = KeyInfo(
        id=key.id,
        name=name,
        purpose=purpose,
        actor=holder,
        workspace=case.scope.workspace if purpose is KeyPurpose.GATEWAY else None,
        models=models,
        created_at=now,
        expires_at=_expiry(now, days),
    )
    case.permit(info.ref)
    queries.insert_key(case.tx, info, stored_form(key, keeper.pepper), case.scope.actor.id)
    detail = {"for": holder.name, "purpose": purpose.value, "key": key.shown}
    case.record(info.ref, detail, [Event("key.created", info.id)])
    return MadeKey(info, key.whole)


@use_case("govern:api_key:read", mutating=False)
def keys(case: Case) -> list[KeyInfo]:
    """Return the keys of this workspace, or of the whole organisation when no workspace is named."""
    case.permit(Ref("ApiKey", "*", "", case.scope.workspace))
    return [one for one in queries.keys(case.tx, case.scope.workspace) if case.may(one.ref)]


@use_case("govern:api_key:revoke")
def revoke_key(case: Case, *, key_id: str) -> KeyInfo:
    """End a key at once, on every gateway that is connected."""
    info = queries.key_by_id(case.tx, key_id)
    case.permit(info.ref)
    queries.revoke_key(case.tx, key_id)
    case.record(info.ref, None, [Event("key.revoked", info.id)])
    return info


def _expiry(now: datetime, days: int) -> datetime:
    return now + timedelta(days=max(1, min(days, 3650)))
