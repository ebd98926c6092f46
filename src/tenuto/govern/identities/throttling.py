"""How often a password may be tried: per person and address, per address, and per person from everywhere.

Each is counted before the password is looked at, so that attempts made at once count like attempts made one after
the other, and is given back when the password was right. Counts are kept in the database: a restart or a second
process forgets nothing. Who is tried is kept as a keyed hash, whether there is such a person or not: neither the
answer nor the table tells who exists.

Strangers cannot shut somebody out. An address that somebody signed in from before waits for what was tried from
there for that person alone, and from anywhere else the wait that strangers can cause stays short.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.identities.errors import SIGN_IN_TOO_OFTEN
from tenuto.govern.identities.tables import sign_in_attempt
from tenuto.govern.use_case import Desk
from tenuto.store.database import Transaction

FORGOTTEN_AFTER = timedelta(hours=1)  # without a further attempt
_KEPT = timedelta(days=1)
_KNOWN = timedelta(days=90)
_FEW = 50


class Limit(msgspec.Struct, frozen=True):
    """``free`` failures cost nothing; then each doubles the wait, up to ``longest`` seconds."""

    free: int
    longest: int

    def wait(self, failures: int) -> float:
        """Return the seconds that must lie between the last failure and the next attempt."""
        beyond = failures - self.free
        return 0.0 if beyond < 0 else float(min(self.longest, 2 ** min(beyond, 16)))


HERE = Limit(10, 300)  # this person from this address
ADDRESS = Limit(30, 300)
PERSON = Limit(100, 30)


class Attempt(msgspec.Struct, frozen=True):
    """One attempt that was counted: under which names."""

    here: bytes
    counted: tuple[bytes, ...]


def begin(desk: Desk, pepper: bytes, scope: Scope, email: str) -> Attempt:
    """Count an attempt, or refuse it because the last ones failed a moment ago. A refused one is not counted."""
    limits = _limits(pepper, email, scope.source)
    with desk.database.begin(scope) as tx:
        _forget(tx)
        now, states = tx.now(), _locked(tx, limits)
        here = next(iter(limits))
        known = states[here].known_until
        counted = (here,) if known is not None and known > now else tuple(limits)
        wait = max(_left(limits[name], states[name], now) for name in counted)
        if wait > 0:
            raise TenutoError(SIGN_IN_TOO_OFTEN, f"in {ceil(wait)} s", retry_after=ceil(wait))
        for name in counted:
            failures = _failures(states[name], now) + 1
            _set(tx, name, failures=failures, last_at=now)
    return Attempt(here, counted)


def give_back(tx: Transaction, attempt: Attempt) -> None:
    """The password was right: forget the failures from here, and know the address from now on."""
    row = sign_in_attempt.c
    _locked(tx, (attempt.here, *attempt.counted))
    for name in attempt.counted:
        _set(tx, name, failures=sa.func.greatest(row.failures - 1, 0))
    _set(tx, attempt.here, failures=0, known_until=tx.now() + _KNOWN)


def welcome(tx: Transaction, pepper: bytes, scope: Scope, email: str) -> None:
    """Somebody proved otherwise who they are, by an invitation: their address is known from now on."""
    give_back(tx, Attempt(next(iter(_limits(pepper, email, scope.source))), ()))


def _limits(pepper: bytes, email: str, source: str) -> dict[bytes, Limit]:
    """Return the names an attempt counts under; the first is that of the person at the address."""
    person, address = email.strip().lower(), _network(source)
    named = (
        (f"here {person} {address}", HERE),
        (f"address {address}", ADDRESS),
        (f"person {person}", PERSON),
    )
    return {hmac.digest(pepper, f"sign-in {name}".encode(), "sha256"): limit for name, limit in named}


def _network(source: str) -> str:
    """Return what one caller cannot change at will: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))


def _locked(tx: Transaction, names: Iterable[bytes]) -> dict[bytes, Any]:
    """Return the counts, locked in one order, so that attempts never wait for each other in a circle."""
    ordered = sorted(set(names))
    tx.execute(upsert(sign_in_attempt).on_conflict_do_nothing(), [{"name": name} for name in ordered])
    query = sa.select(sign_in_attempt).where(sign_in_attempt.c.name.in_(ordered))
    rows: Sequence[Any] = tx.rows(query.order_by(sign_in_attempt.c.name).with_for_update())
    return {bytes(row.name): row for row in rows}


def _failures(state: Any, now: datetime) -> int:
    return 0 if now - state.last_at > FORGOTTEN_AFTER else int(state.failures)


def _left(limit: Limit, state: Any, now: datetime) -> float:
    passed: timedelta = now - state.last_at
    wait = limit.wait(_failures(state, now))
    return wait - passed.total_seconds() if wait else 0.0


def _set(tx: Transaction, name: bytes, **values: Any) -> None:
    tx.execute(sa.update(sign_in_attempt).where(sign_in_attempt.c.name == name).values(**values))


def _forget(tx: Transaction) -> None:
    """Delete a few of the counts that are of no more use: the table stays as small as what is going on."""
    row, now = sign_in_attempt.c, sa.func.tenuto_now()
    old = (
        sa.select(row.name)
        .where(row.last_at < now - _KEPT, sa.func.coalesce(row.known_until, now) <= now)
        .limit(_FEW)
        .with_for_update(skip_locked=True)
    )
    tx.execute(sa.delete(sign_in_attempt).where(row.name.in_(old)))
