"""The ways in: first owner, invitation, password, session, key.

Nobody is known yet when these are called, so no policy is asked: the token, password or key is the right.
Every success and every refusal is recorded, but for passwords that were not looked at because too many failed a
moment ago: strangers could fill the log with them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenuto.core.errors import Fault, TenutoError
from tenuto.core.words import Actor, Ref, Scope, system_actor
from tenuto.govern.access import queries as access
from tenuto.govern.apikeys import matches, mint, parse, stored_form
from tenuto.govern.audit.writing import Entry, write_entries
from tenuto.govern.identities import queries
from tenuto.govern.identities.errors import (
    ALREADY_FOUNDED,
    EMAIL_INVALID,
    KEY_REFUSED,
    SIGN_IN_REFUSED,
    TOKEN_SPENT,
)
from tenuto.govern.identities.throttling import counting
from tenuto.govern.identities.words import KeyInfo, KeyPurpose, Person, TokenPurpose
from tenuto.govern.passwords import Passwords, require_strong
from tenuto.govern.secret_text import SecretText
from tenuto.govern.use_case import Desk, record_alone
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.rules import require_currency, require_name
from tenuto.govern.workspaces.words import Organisation
from tenuto.store.database import Transaction

BOOTSTRAP_LIFETIME = timedelta(hours=1)
INVITATION_LIFETIME = timedelta(days=7)
SESSION_LIFETIME = timedelta(hours=12)
LOGIN_LIFETIME = timedelta(hours=12)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_SIGN_IN = "govern:session:begin"
_FOUND = "govern:organisation:found"
_ACCEPT = "govern:invitation:accept"


class Doorkeeper(msgspec.Struct, frozen=True):
    """What recognising people and keys needs. ``pepper`` lies outside the database."""

    desk: Desk
    passwords: Passwords
    pepper: bytes
    entropy: Callable[[int], bytes]


class NewOwner(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: str
    password: SecretText
    organisation: str = "Organisation"
    currency: str = "EUR"


class Entered(msgspec.Struct, frozen=True):
    """Somebody who came in. ``secret`` is the session's and goes into a cookie only.

    ``keys`` are those that a person who set a new password had before and may want to end.
    """

    person: Person
    secret: SecretText
    expires_at: datetime
    keys: tuple[KeyInfo, ...] = ()


class Login(msgspec.Struct, frozen=True):
    """A key for the command line. ``key`` is shown once."""

    person: Person
    key: SecretText
    expires_at: datetime


def bootstrap_token(keeper: Doorkeeper) -> SecretText | None:
    """Return a fresh token that makes the first owner, or None when there is an owner."""
    desk, scope = keeper.desk, Scope(system_actor("bootstrap"))
    token = _token(keeper)
    with desk.database.begin(scope) as tx:
        if places.the_organisation(tx) is not None:
            return None
        expires = tx.now() + BOOTSTRAP_LIFETIME
        queries.insert_token(tx, _hash(token), TokenPurpose.BOOTSTRAP, expires, None)
        _record(desk, tx, "govern:bootstrap:offer", Ref("Organisation", "new"), {})
    return token


def found(keeper: Doorkeeper, scope: Scope, token: SecretText, owner: NewOwner) -> Entered:
    """Make the organisation and its first owner. The token is used up by the attempt that succeeds."""
    desk, new = keeper.desk, _checked_person(keeper, owner.name, owner.email, owner.password)
    name, currency = require_name(owner.organisation), require_currency(owner.currency)
    try:
        with desk.database.begin(_as(scope, new.actor)) as tx:
            if places.the_organisation(tx) is not None:
                raise TenutoError(ALREADY_FOUNDED)
            if queries.spend_token(tx, _hash(token), TokenPurpose.BOOTSTRAP) is None:
                raise TenutoError(TOKEN_SPENT)
            founded = Organisation(desk.ids.new(), name, currency)
            places.insert_organisation(tx, founded)
            queries.insert_person(tx, new, keeper.passwords.hash(owner.password))
            counting.welcome(tx, keeper.pepper, scope, new.email)
            access.grant_first_owner(tx, desk.ids.new(), new.id)
            _record(desk, tx, _FOUND, founded.ref, {"owner": new.email})
            return _begin_session(keeper, tx, new)
    except TenutoError as error:
        _record_failure(desk, scope, _FOUND, Ref("Organisation", "new"), error.fault)
        raise


def accept_invitation(
    keeper: Doorkeeper, scope: Scope, token: SecretText, *, name: str, password: SecretText
) -> Entered:
    """Set the password of an invited person and sign them in.

    Other invitations and every session of that person end. Keys work on, and are named: programs use them.
    """
    desk = keeper.desk
    try:
        with desk.database.begin(scope) as tx:
            row = queries.spend_token(tx, _hash(token), TokenPurpose.INVITATION)
            if row is None:
                raise TenutoError(TOKEN_SPENT)
            invited = queries.person_by_id(tx, row.person_id)
            require_strong(password, name=name, email=invited.email)
            if not invited.active:
                raise TenutoError(TOKEN_SPENT)
            queries.void_invitations(tx, invited.id)
            queries.set_password(tx, invited.id, keeper.passwords.hash(password), name)
            counting.welcome(tx, keeper.pepper, scope, invited.email)
            there = msgspec.structs.replace(invited, name=name)
            _record(desk, tx, _ACCEPT, there.ref, {"sessions_ended": queries.end_sessions(tx, there.id)})
            entered = _begin_session(keeper, tx, there)
            return msgspec.structs.replace(entered, keys=tuple(queries.live_keys_of(tx, there.actor)))
    except TenutoError as error:
        _record_failure(desk, scope, _ACCEPT, Ref("Person", "unrecognised"), error.fault)
        raise


def sign_in(keeper: Doorkeeper, scope: Scope, email: str, password: SecretText) -> Entered:
    """Begin a console session. The refusal says the same, whatever was wrong."""
    person = recognised(keeper, scope, email, password)
    with keeper.desk.database.begin(_as(scope, person.actor)) as tx:
        _record(keeper.desk, tx, _SIGN_IN, person.ref, {"by": "password"})
        return _begin_session(keeper, tx, person)


def log_in(keeper: Doorkeeper, scope: Scope, email: str, password: SecretText) -> Login:
    """Make a short-lived key for the command line."""
    return _new_login(keeper, scope, recognised(keeper, scope, email, password))


def exchange(keeper: Doorkeeper, scope: Scope, entered: Entered) -> Login:
    """Make a key for the command line instead of the session that somebody entered with."""
    sign_out(keeper, _as(scope, entered.person.actor), session_name(entered.secret))
    return _new_login(keeper, scope, entered.person)


def session_name(secret: SecretText) -> str:
    """Return what a session may be called by: enough to end it, nothing to enter with."""
    return _hash(secret).hex()


def sign_out(keeper: Doorkeeper, scope: Scope, session: str) -> None:
    """End the session of that name."""
    with keeper.desk.database.begin(scope) as tx:
        person = queries.session_person(tx, bytes.fromhex(session))
        if person is not None:
            queries.end_session(tx, bytes.fromhex(session))
            _record(keeper.desk, tx, "govern:session:end", person.ref, {})


def by_session(keeper: Doorkeeper, secret: SecretText) -> Person | None:
    with keeper.desk.database.begin(Scope(system_actor("recognise"))) as tx:
        return queries.session_person(tx, _hash(secret))


def by_key(keeper: Doorkeeper, text: str, purpose: KeyPurpose = KeyPurpose.PLATFORM) -> KeyInfo:
    """Return whose key this is. A key with a slip in it is refused without asking the database."""
    key = parse(text)
    with keeper.desk.database.begin(Scope(system_actor("recognise"))) as tx:
        found_key = queries.live_key(tx, key.id, purpose)
    if found_key is None or not matches(key, [found_key[1]], keeper.pepper):
        raise TenutoError(KEY_REFUSED, key.shown)
    return found_key[0]


def new_invitation(keeper: Doorkeeper, tx: Transaction, person_id: str) -> SecretText:
    """Write an invitation inside the caller's transaction and return its token."""
    token = _token(keeper)
    expires = tx.now() + INVITATION_LIFETIME
    queries.insert_token(tx, _hash(token), TokenPurpose.INVITATION, expires, person_id)
    return token


def require_email(email: str) -> str:
    """Return the address in the form it is kept in."""
    kept = email.strip().lower()
    if not _EMAIL.fullmatch(kept):
        raise TenutoError(EMAIL_INVALID, email)
    return kept


def recognised(keeper: Doorkeeper, scope: Scope, email: str, password: SecretText) -> Person:
    """Return who has that address and password. It takes as long, and says the same, if nobody has the address."""
    attempt = counting.begin(keeper.desk, keeper.pepper, scope, email)
    with keeper.desk.database.begin(scope) as tx:
        known = queries.person_by_email(tx, email.strip().lower())
    person, stored = known if known is not None else (None, None)
    check = keeper.passwords.check(password, stored)
    if person is None or not person.active or not check.right:
        # Whose account it was tried on is for the log alone: the caller is told the same of one that is none.
        meant = person.ref if person is not None else Ref("Person", "unrecognised")
        _record_failure(keeper.desk, scope, _SIGN_IN, meant, SIGN_IN_REFUSED)
        raise TenutoError(SIGN_IN_REFUSED)
    with keeper.desk.database.begin(scope) as tx:
        counting.give_back(tx, attempt)
        if check.outdated:
            queries.set_password(tx, person.id, keeper.passwords.hash(password))
    return person


def _new_login(keeper: Doorkeeper, scope: Scope, person: Person) -> Login:
    desk = keeper.desk
    key = mint("cli", keeper.entropy)
    with desk.database.begin(_as(scope, person.actor)) as tx:
        now = tx.now()
        info = KeyInfo(
            id=key.id,
            name="tenuto login",
            purpose=KeyPurpose.PLATFORM,
            actor=person.actor,
            workspace=None,
            models=None,
            created_at=now,
            expires_at=now + LOGIN_LIFETIME,
        )
        queries.insert_key(tx, info, stored_form(key, keeper.pepper), person.id)
        _record(desk, tx, _SIGN_IN, person.ref, {"by": "password", "key": key.shown})
    return Login(person, key.whole, info.expires_at)


def _begin_session(keeper: Doorkeeper, tx: Transaction, person: Person) -> Entered:
    secret = _token(keeper)
    expires = tx.now() + SESSION_LIFETIME
    queries.insert_session(tx, _hash(secret), person.id, expires)
    return Entered(person, secret, expires)


def _checked_person(keeper: Doorkeeper, name: str, email: str, password: SecretText) -> Person:
    kept = require_email(email)
    require_strong(password, name=name, email=kept)
    return Person(keeper.desk.ids.new(), kept, name.strip(), active=True)


def _token(keeper: Doorkeeper) -> SecretText:
    return SecretText(keeper.entropy(32).hex())


def _hash(secret: SecretText) -> bytes:
    """256 random bits need no slow hash."""
    return hashlib.sha256(secret.reveal().encode()).digest()


def _as(scope: Scope, actor: Actor) -> Scope:
    return msgspec.structs.replace(scope, actor=actor)


def _record(desk: Desk, tx: Transaction, action: str, ref: Ref, detail: dict[str, Any]) -> None:
    write_entries(tx, desk.clock, desk.ids, [Entry(action, ref, None, "done", detail)])


def _record_failure(desk: Desk, scope: Scope, action: str, ref: Ref, fault: Fault) -> None:
    record_alone(desk, scope, Entry(action, ref, None, "failed", {"fault": fault.code}))
