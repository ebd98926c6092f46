"""People, service accounts, keys and secrets over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tenuto.core.words import Actor
from tenuto.govern.identities import entrance, use_cases
from tenuto.govern.identities.renewal import change_password as change_own_password
from tenuto.govern.identities.use_cases import NewPassword, ShutOut
from tenuto.govern.identities.words import KeyInfo, KeyPurpose, Person, ServiceAccount
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases as secrets
from tenuto.govern.secrets.use_cases import SecretInfo
from tenuto.web.api.scopes import any_scope, organisation_scope, services_of
from tenuto.web.registry.words import PLAIN_READ, Authenticated, Public, Route
from tenuto.web.words import Call, Input

_TAG = "identities"


class LoginBody(Input, frozen=True, kw_only=True):
    email: str
    password: str


class SetupBody(Input, frozen=True, kw_only=True):
    """``token`` is the one-time token that `tenuto up` printed."""

    token: str
    name: str
    email: str
    password: str
    organisation: str = "Organisation"
    currency: str = "EUR"


class AcceptBody(Input, frozen=True, kw_only=True):
    token: str
    name: str
    password: str


class InviteBody(Input, frozen=True, kw_only=True):
    email: str
    name: str


class PasswordBody(Input, frozen=True, kw_only=True):
    """``revoke_keys`` ends the caller's keys too: for a password that somebody else may have used."""

    current: str
    new: str
    revoke_keys: bool = False


class AccountBody(Input, frozen=True, kw_only=True):
    name: str


class KeyBody(Input, frozen=True, kw_only=True):
    """``account`` makes the key for a service account; ``models`` narrows it to those routes and endpoints."""

    name: str
    purpose: KeyPurpose
    account: str | None = None
    models: list[str] | None = None
    days: int = use_cases.DEFAULT_KEY_DAYS


class SecretBody(Input, frozen=True, kw_only=True):
    value: str


class LoggedIn(msgspec.Struct, frozen=True):
    """``key`` is shown this once. ``keys`` are those a person has from before, after setting a new password."""

    person: Person
    key: str
    expires_at: datetime
    keys: list[KeyInfo] = []


class InvitedView(msgspec.Struct, frozen=True):
    """``token`` is shown this once; hand it to the person."""

    person: Person
    token: str


class MadeKeyView(msgspec.Struct, frozen=True):
    """``key`` is shown this once."""

    info: KeyInfo
    key: str


class Who(msgspec.Struct, frozen=True):
    actor: Actor
    workspace: str | None


class People(msgspec.Struct, frozen=True):
    items: list[Person]


class Accounts(msgspec.Struct, frozen=True):
    items: list[ServiceAccount]


class KeyInfos(msgspec.Struct, frozen=True):
    items: list[KeyInfo]


class SecretInfos(msgspec.Struct, frozen=True):
    items: list[SecretInfo]


class Done(msgspec.Struct, frozen=True):
    done: bool = True


def setup(call: Call, body: SetupBody, _query: None) -> LoggedIn:
    services = services_of(call)
    owner = entrance.NewOwner(
        name=body.name,
        email=body.email,
        password=SecretText(body.password),
        organisation=body.organisation,
        currency=body.currency,
    )
    return _exchanged(
        call, entrance.found(services.keeper, organisation_scope(call), SecretText(body.token), owner)
    )


def login(call: Call, body: LoginBody, _query: None) -> LoggedIn:
    keeper, password = services_of(call).keeper, SecretText(body.password)
    return _logged_in(entrance.log_in(keeper, organisation_scope(call), body.email, password))


def accept(call: Call, body: AcceptBody, _query: None) -> LoggedIn:
    password = SecretText(body.password)
    entered = entrance.accept_invitation(
        services_of(call).keeper,
        organisation_scope(call),
        SecretText(body.token),
        name=body.name,
        password=password,
    )
    return _exchanged(call, entered)


def whoami(call: Call, _body: None, _query: None) -> Who:
    return Who(call.actor, any_scope(call).workspace)


def invite(call: Call, body: InviteBody, _query: None) -> InvitedView:
    services = services_of(call)
    invited = use_cases.invite(
        services.desk, organisation_scope(call), keeper=services.keeper, email=body.email, name=body.name
    )
    return InvitedView(invited.person, invited.token.reveal())


def people(call: Call, _body: None, _query: None) -> People:
    return People(use_cases.people(services_of(call).desk, organisation_scope(call)))


def change_password(call: Call, body: PasswordBody, _query: None) -> NewPassword:
    return change_own_password(
        services_of(call).keeper,
        organisation_scope(call),
        current=SecretText(body.current),
        new=SecretText(body.new),
        revoke_keys=body.revoke_keys,
    )


def deactivate(call: Call, _body: None, _query: None) -> ShutOut:
    return use_cases.deactivate(
        services_of(call).desk, organisation_scope(call), person_id=call.path["person"]
    )


def reactivate(call: Call, _body: None, _query: None) -> Person:
    return use_cases.reactivate(
        services_of(call).desk, organisation_scope(call), person_id=call.path["person"]
    )


def deactivate_account(call: Call, _body: None, _query: None) -> ShutOut:
    return use_cases.deactivate_account(
        services_of(call).desk, organisation_scope(call), name=call.path["name"]
    )


def reactivate_account(call: Call, _body: None, _query: None) -> ServiceAccount:
    return use_cases.reactivate_account(
        services_of(call).desk, organisation_scope(call), name=call.path["name"]
    )


def create_account(call: Call, body: AccountBody, _query: None) -> ServiceAccount:
    return use_cases.create_account(services_of(call).desk, organisation_scope(call), name=body.name)


def accounts(call: Call, _body: None, _query: None) -> Accounts:
    return Accounts(use_cases.accounts(services_of(call).desk, organisation_scope(call)))


def create_key(call: Call, body: KeyBody, _query: None) -> MadeKeyView:
    services = services_of(call)
    made = use_cases.create_key(
        services.desk, any_scope(call), keeper=services.keeper, **msgspec.structs.asdict(body)
    )
    return MadeKeyView(made.info, made.key.reveal())


def keys(call: Call, _body: None, _query: None) -> KeyInfos:
    return KeyInfos(use_cases.keys(services_of(call).desk, any_scope(call)))


def revoke_key(call: Call, _body: None, _query: None) -> KeyInfo:
    return use_cases.revoke_key(services_of(call).desk, any_scope(call), key_id=call.path["key"])


def write_secret(call: Call, body: SecretBody, _query: None) -> SecretInfo:
    services = services_of(call)
    value = SecretText(body.value)
    return secrets.write_secret(
        services.desk, any_scope(call), vault=services.vault, name=call.path["name"], value=value
    )


def list_secrets(call: Call, _body: None, _query: None) -> SecretInfos:
    return SecretInfos(secrets.secrets(services_of(call).desk, any_scope(call)))


def delete_secret(call: Call, _body: None, _query: None) -> Done:
    secrets.delete_secret(services_of(call).desk, any_scope(call), name=call.path["name"])
    return Done()


def routes() -> list[Route]:
    return [*_entrance_routes(), *_person_routes(), *_shutting_routes(), *_key_routes(), *_secret_routes()]


def _exchanged(call: Call, entered: entrance.Entered) -> LoggedIn:
    made = entrance.exchange(services_of(call).keeper, organisation_scope(call), entered)
    return _logged_in(made, entered.keys)


def _logged_in(made: entrance.Login, keys: tuple[KeyInfo, ...] = ()) -> LoggedIn:
    return LoggedIn(made.person, made.key.reveal(), made.expires_at, list(keys))


def _entrance_routes() -> list[Route]:
    return [
        Route(
            "POST",
            "/api/v1/setup",
            handler=setup,
            summary="Make the first owner with the one-time token",
            public=Public("nobody is known yet; the one-time token is what is asked for"),
            audit="organisation.founded",
            body=SetupBody,
            response=LoggedIn,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/login",
            handler=login,
            summary="A key for the command line, good for twelve hours",
            public=Public("who has no key yet has to be able to get one; the password is what is asked for"),
            audit="session.begun",
            body=LoginBody,
            response=LoggedIn,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/invitations/accept",
            handler=accept,
            summary="Set the first password of an invited person",
            public=Public("the invitation's token is what is asked for"),
            audit="invitation.accepted",
            body=AcceptBody,
            response=LoggedIn,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/whoami",
            handler=whoami,
            summary="Who this request is made by",
            authenticated=Authenticated("it tells what the caller's own credential says, and nothing else"),
            response=Who,
            tag=_TAG,
        ),
    ]


def _person_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/people",
            handler=people,
            summary="Who is known here",
            action="govern:person:read",
            resource="Person",
            audit=PLAIN_READ,
            response=People,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/people",
            handler=invite,
            summary="Invite a person; the answer holds the token to hand over",
            action="govern:person:invite",
            resource="Person",
            audit="person.invited",
            body=InviteBody,
            response=InvitedView,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/service-accounts",
            handler=accounts,
            summary="The service accounts",
            action="govern:service_account:read",
            resource="ServiceAccount",
            audit=PLAIN_READ,
            response=Accounts,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/service-accounts",
            handler=create_account,
            summary="Make a service account that the caller answers for",
            action="govern:service_account:create",
            resource="ServiceAccount",
            audit="service_account.created",
            body=AccountBody,
            response=ServiceAccount,
            tag=_TAG,
        ),
    ]


def _shutting_routes() -> list[Route]:
    return [
        Route(
            "POST",
            "/api/v1/password",
            handler=change_password,
            summary="Set a new password; every session of the caller ends",
            action="govern:person:change",
            resource="Person",
            audit="person.password_changed",
            body=PasswordBody,
            response=NewPassword,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/people/{person}/deactivate",
            handler=deactivate,
            summary="Shut a person out: sessions, keys and invitations end at once",
            action="govern:person:deactivate",
            resource="Person",
            audit="person.deactivated",
            response=ShutOut,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/people/{person}/reactivate",
            handler=reactivate,
            summary="Let a person back in",
            action="govern:person:deactivate",
            resource="Person",
            audit="person.reactivated",
            response=Person,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/service-accounts/{name}/deactivate",
            handler=deactivate_account,
            summary="Shut a service account out: its keys end at once",
            action="govern:service_account:deactivate",
            resource="ServiceAccount",
            audit="service_account.deactivated",
            response=ShutOut,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/service-accounts/{name}/reactivate",
            handler=reactivate_account,
            summary="Let a service account back in; it needs new keys",
            action="govern:service_account:deactivate",
            resource="ServiceAccount",
            audit="service_account.reactivated",
            response=ServiceAccount,
            tag=_TAG,
        ),
    ]


def _key_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/keys",
            handler=keys,
            summary="Keys, without their secrets",
            action="govern:api_key:read",
            resource="ApiKey",
            audit=PLAIN_READ,
            response=KeyInfos,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/keys",
            handler=create_key,
            summary="Make a key; the answer holds it this once",
            action="govern:api_key:create",
            resource="ApiKey",
            audit="key.created",
            body=KeyBody,
            response=MadeKeyView,
            tag=_TAG,
        ),
        Route(
            "DELETE",
            "/api/v1/keys/{key}",
            handler=revoke_key,
            summary="End a key at once",
            action="govern:api_key:revoke",
            resource="ApiKey",
            audit="key.revoked",
            response=KeyInfo,
            tag=_TAG,
        ),
    ]


def _secret_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/secrets",
            handler=list_secrets,
            summary="Which secrets there are; values are never read back",
            action="govern:secret:read",
            resource="Secret",
            audit=PLAIN_READ,
            response=SecretInfos,
            tag=_TAG,
        ),
        Route(
            "PUT",
            "/api/v1/secrets/{name}",
            handler=write_secret,
            summary="Write a secret, or its next version",
            action="govern:secret:write",
            resource="Secret",
            audit="secret.written",
            body=SecretBody,
            response=SecretInfo,
            tag=_TAG,
        ),
        Route(
            "DELETE",
            "/api/v1/secrets/{name}",
            handler=delete_secret,
            summary="Take a secret away",
            action="govern:secret:delete",
            resource="Secret",
            audit="secret.deleted",
            response=Done,
            tag=_TAG,
        ),
    ]
