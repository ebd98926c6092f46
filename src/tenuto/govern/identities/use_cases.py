"""People, service accounts and keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, Event, Ref
from tenuto.govern.access import queries as access
from tenuto.govern.access.rules import require_held
from tenuto.govern.apikeys import mint, stored_form
from tenuto.govern.identities import queries
from tenuto.govern.identities.entrance import Doorkeeper, new_invitation, require_email
from tenuto.govern.identities.errors import EMAIL_TAKEN, KEY_LIFETIME_INVALID, KEY_NEEDS_WORKSPACE
from tenuto.govern.identities.words import KeyInfo, KeyPurpose, Person, ServiceAccount
from tenuto.govern.passwords import require_strong
from tenuto.govern.secret_text import SecretText
from tenuto.govern.use_case import Case, use_case

DEFAULT_KEY_DAYS = 90
MOST_KEY_DAYS = 3650


class Invited(msgspec.Struct, frozen=True):
    """An invited person, and the token to hand over. It is shown once."""

    person: Person
    token: SecretText


class MadeKey(msgspec.Struct, frozen=True):
    """A new key. ``key`` is shown once."""

    info: KeyInfo
    key: SecretText


class NewPassword(msgspec.Struct, frozen=True):
    """``keys`` are those the person had: they work on unless ``keys_revoked``."""

    person: Person
    sessions_ended: int
    keys: list[KeyInfo]
    keys_revoked: bool


class ShutOut(msgspec.Struct, frozen=True):
    """Who was shut out, and what ended with it. ``accounts`` are the service accounts they still answer for."""

    actor: Actor
    sessions_ended: int
    keys_revoked: list[KeyInfo]
    accounts: list[ServiceAccount]


@use_case("govern:person:invite")
def invite(case: Case, *, keeper: Doorkeeper, email: str, name: str) -> Invited:
    """Make a person known, or send a known one a new invitation to set a password."""
    kept = require_email(email)
    known = queries.person_by_email(case.tx, kept)
    person = known[0] if known else Person(case.ids.new(), kept, name.strip(), active=True)
    case.permit(person.ref)
    if not person.active:
        raise TenutoError(EMAIL_TAKEN, f"{kept} is shut out; let them back in first")
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
    _require_no_rise(case, holder)
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


@use_case("govern:person:change")
def set_password(
    case: Case, *, keeper: Doorkeeper, password: SecretText, revoke_keys: bool = False
) -> NewPassword:
    """Give the caller, who has just proven the old password, a new one. Every session of theirs ends."""
    person = queries.person_by_id(case.tx, case.scope.actor.id)
    case.permit(person.ref)
    require_strong(password, name=person.name, email=person.email)
    queries.set_password(case.tx, person.id, keeper.passwords.hash(password))
    ended = queries.end_sessions(case.tx, person.id)
    keys = queries.live_keys_of(case.tx, person.actor)
    told = {"sessions_ended": ended, "keys_revoked": len(keys) if revoke_keys else 0}
    case.record(person.ref, told, _end_keys(case, keys) if revoke_keys else ())
    return NewPassword(person, ended, keys, keys_revoked=revoke_keys)


@use_case("govern:person:deactivate")
def deactivate(case: Case, *, person_id: str) -> ShutOut:
    """Shut a person out: their sessions, keys and invitations end at once. Their records stay.

    Service accounts that they answer for work on, and are named.
    """
    person = queries.person_by_id(case.tx, person_id)
    case.permit(person.ref)
    queries.set_active(case.tx, person.actor, active=False)
    access.moved_on(case.tx)
    access.require_an_owner(case.tx)
    queries.void_invitations(case.tx, person.id)
    ended = queries.end_sessions(case.tx, person.id)
    keys = queries.live_keys_of(case.tx, person.actor)
    events = [Event("person.deactivated", person.id), *_end_keys(case, keys)]
    case.record(person.ref, {"sessions_ended": ended, "keys_revoked": len(keys)}, events)
    return ShutOut(person.actor, ended, keys, queries.accounts_of(case.tx, person.id))


@use_case("govern:person:deactivate")
def reactivate(case: Case, *, person_id: str) -> Person:
    """Let a person back in. Roles and password are as they were; ended keys and sessions stay ended."""
    person = queries.person_by_id(case.tx, person_id)
    case.permit(person.ref)
    queries.set_active(case.tx, person.actor, active=True)
    case.record(person.ref, {"let_back_in": True}, [Event("person.reactivated", person.id)])
    return msgspec.structs.replace(person, active=True)


@use_case("govern:service_account:deactivate")
def deactivate_account(case: Case, *, name: str) -> ShutOut:
    """Shut a service account out: its keys end at once."""
    account = queries.account_by_name(case.tx, name)
    case.permit(account.ref)
    queries.set_active(case.tx, account.actor, active=False)
    keys = queries.live_keys_of(case.tx, account.actor)
    events = [Event("service_account.deactivated", account.id), *_end_keys(case, keys)]
    case.record(account.ref, {"keys_revoked": len(keys)}, events)
    return ShutOut(account.actor, 0, keys, [])


@use_case("govern:service_account:deactivate")
def reactivate_account(case: Case, *, name: str) -> ServiceAccount:
    """Let a service account back in. It needs new keys."""
    account = queries.account_by_name(case.tx, name)
    case.permit(account.ref)
    queries.set_active(case.tx, account.actor, active=True)
    case.record(account.ref, {"let_back_in": True}, [Event("service_account.reactivated", account.id)])
    return msgspec.structs.replace(account, active=True)


def _require_no_rise(case: Case, holder: Actor) -> None:
    """A key is its holder's roles: who makes one for an account that is not theirs must hold them as well.

    An account is a person's own. It is not that of their other accounts, which may be given less.
    """
    actor = case.scope.actor
    if actor.id in {holder.id, holder.answerable}:
        return
    own = access.held_by(case.tx, actor)
    for granted in access.held_by(case.tx, holder):
        require_held(own, granted)


def _end_keys(case: Case, keys: Sequence[KeyInfo]) -> list[Event]:
    for key in keys:
        queries.revoke_key(case.tx, key.id)
    return [Event("key.revoked", key.id) for key in keys]


def _expiry(now: datetime, days: int) -> datetime:
    if not 1 <= days <= MOST_KEY_DAYS:
        raise TenutoError(KEY_LIFETIME_INVALID, str(days), field="days")
    return now + timedelta(days=days)
