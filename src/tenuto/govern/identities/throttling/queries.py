"""Keeping the counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.govern.identities.tables import sign_in_attempt
from tenuto.govern.identities.throttling.rules import Count
from tenuto.store.database import Transaction

_KEPT = timedelta(days=1)
_FEW = 50


def locked(tx: Transaction, names: Iterable[bytes]) -> dict[bytes, Count]:
    """Return the counts, locked in one order, so that attempts never wait for each other in a circle."""
    ordered = sorted(set(names))
    tx.execute(upsert(sign_in_attempt).on_conflict_do_nothing(), [{"name": name} for name in ordered])
    query = sa.select(sign_in_attempt).where(sign_in_attempt.c.name.in_(ordered))
    rows = tx.rows(query.order_by(sign_in_attempt.c.name).with_for_update())
    return {bytes(row.name): Count(row.failures, row.last_at, row.known_until) for row in rows}


def count(tx: Transaction, name: bytes, failures: int, at: datetime) -> None:
    tx.execute(
        sa.update(sign_in_attempt).where(sign_in_attempt.c.name == name).values(failures=failures, last_at=at)
    )


def give_back(tx: Transaction, names: Iterable[bytes]) -> None:
    row = sign_in_attempt.c
    tx.execute(
        sa.update(sign_in_attempt)
        .where(row.name.in_(list(names)))
        .values(failures=sa.func.greatest(row.failures - 1, 0))
    )


def know(tx: Transaction, name: bytes, until: datetime) -> None:
    """Forget the failures under a name, and remember that it is a good one."""
    tx.execute(
        sa.update(sign_in_attempt).where(sign_in_attempt.c.name == name).values(failures=0, known_until=until)
    )


def forget_some(tx: Transaction) -> None:
    """Delete a few of the counts that are of no more use: the table stays as small as what is going on."""
    row, now = sign_in_attempt.c, sa.func.tenuto_now()
    old = (
        sa.select(row.name)
        .where(row.last_at < now - _KEPT, sa.func.coalesce(row.known_until, now) <= now)
        .limit(_FEW)
        .with_for_update(skip_locked=True)
    )
    tx.execute(sa.delete(sign_in_attempt).where(row.name.in_(old)))
