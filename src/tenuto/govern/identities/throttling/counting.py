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
from datetime import timedelta
from math import ceil

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.identities.errors import SIGN_IN_TOO_OFTEN
from tenuto.govern.identities.throttling import queries
from tenuto.govern.identities.throttling.rules import Limit, limits_of
from tenuto.govern.use_case import Desk
from tenuto.store.database import Transaction

_KNOWN = timedelta(days=90)


class Attempt(msgspec.Struct, frozen=True):
    """One attempt that was counted: under which names."""

    here: bytes
    counted: tuple[bytes, ...]


def begin(desk: Desk, pepper: bytes, scope: Scope, email: str) -> Attempt:
    """Count an attempt, or refuse it because the last ones failed a moment ago. A refused one is not counted."""
    limits = _limits(pepper, email, scope.source)
    with desk.database.begin(scope) as tx:
        queries.forget_some(tx)
        now, counts = tx.now(), queries.locked(tx, limits)
        here = next(iter(limits))
        counted = (here,) if counts[here].knows(now) else tuple(limits)
        wait = ceil(max(counts[name].left(limits[name], now) for name in counted))
        if wait > 0:
            raise TenutoError(SIGN_IN_TOO_OFTEN, f"in {wait} s", retry_after=wait)
        for name in counted:
            queries.count(tx, name, counts[name].standing(now) + 1, now)
    return Attempt(here, counted)


def give_back(tx: Transaction, attempt: Attempt) -> None:
    """The password was right: forget the failures from here, and know the address from now on."""
    queries.locked(tx, (attempt.here, *attempt.counted))
    queries.give_back(tx, attempt.counted)
    queries.know(tx, attempt.here, tx.now() + _KNOWN)


def welcome(tx: Transaction, pepper: bytes, scope: Scope, email: str) -> None:
    """Somebody proved otherwise who they are, by an invitation: their address is known from now on."""
    give_back(tx, Attempt(next(iter(_limits(pepper, email, scope.source))), ()))


def _limits(pepper: bytes, email: str, source: str) -> dict[bytes, Limit]:
    return {
        hmac.digest(pepper, f"sign-in {name}".encode(), "sha256"): limit
        for name, limit in limits_of(email, source).items()
    }
