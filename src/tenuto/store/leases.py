"""Leases: at most one holder at a time, by the database's clock, fenced by a number that only grows."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Table, Text

from tenuto.store.database import Transaction
from tenuto.store.schema import Timestamp, metadata

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
)

_TAKE = sa.text(
    """
    insert into lease as held (name, holder, fence, expires_at)
    values (:name, :holder, 1, tenuto_now() + make_interval(secs => :seconds))
    on conflict (name) do update set
      holder = excluded.holder,
      fence = held.fence + case when held.holder = excluded.holder then 0 else 1 end,
      expires_at = excluded.expires_at
    where held.holder = excluded.holder or held.expires_at < tenuto_now()
    returning fence
    """
)


class Held(msgspec.Struct, frozen=True):
    name: str
    fence: int


def take(tx: Transaction, name: str, holder: str, seconds: float) -> Held | None:
    """Take or renew the lease ``name``. Returns None while somebody else holds it."""
    fence = tx.scalar(_TAKE, {"name": name, "holder": holder, "seconds": seconds})
    return None if fence is None else Held(name, fence)


def release(tx: Transaction, name: str, holder: str) -> None:
    """Give the lease back at once. The fence stays, so that a late writer is still told apart."""
    tx.execute(
        sa.update(lease)
        .where(lease.c.name == name, lease.c.holder == holder)
        .values(expires_at=sa.func.tenuto_now() - sa.text("interval '1 second'"))
    )
