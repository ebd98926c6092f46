"""Events that commit with their effect and are delivered afterwards, at least once, in order.

The bell rings for what was committed; the dispatcher also polls, because a bell that rang while nobody listened is
lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Identity, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from tenuto.core.ids import Ids
from tenuto.core.words import Event, Scope
from tenuto.store.database import Database, Role, Transaction
from tenuto.store.ringing import RING
from tenuto.store.schema import Id, Timestamp, metadata

_RING = sa.text(RING)
_ALONE = sa.text("select pg_try_advisory_xact_lock(hashtext('tenuto.outbox.deliver'))")

outbox_event = Table(
    "outbox_event",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Id, nullable=False),
    Column("workspace_id", Id),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
    Column("delivered_at", Timestamp),
)


class Delivery(msgspec.Struct, frozen=True):
    """One event on its way. ``id`` is the same at every attempt: a subscriber drops what it has seen."""

    seq: int
    id: str
    workspace: str | None
    event: Event
    created_at: datetime


def put(tx: Transaction, ids: Ids, events: Sequence[Event]) -> None:
    """Write ``events`` in the order given and have the bell rung once they are committed."""
    if not events:
        return
    tx.execute(sa.insert(outbox_event), [_row(tx, ids, event) for event in events])
    if tx.rings():
        tx.execute(_RING)


def _row(tx: Transaction, ids: Ids, event: Event) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "workspace_id": tx.scope.workspace,
        "type": event.type,
        "subject": event.subject,
        "version": event.version,
        "data": event.data,
    }


def deliver(
    database: Database, scope: Scope, subscriber: Callable[[Delivery], None], *, batch: int = 100
) -> int:
    """Hand the oldest waiting events to ``subscriber`` and mark them delivered. Returns how many.

    One dispatcher works at a time, so that the order is kept: another one meanwhile finds nothing to do. If the
    subscriber raises or the process dies, the events of the batch are handed out again.
    """
    with database.begin(scope, Role.SYSTEM) as tx:
        if not tx.scalar(_ALONE):
            return 0
        waiting = tx.rows(
            sa.select(outbox_event)
            .where(outbox_event.c.delivered_at.is_(None))
            .order_by(outbox_event.c.seq)
            .limit(batch)
        )
        for row in waiting:
            subscriber(_delivery(row))
        if waiting:
            done = outbox_event.c.seq.in_([row.seq for row in waiting])
            tx.execute(sa.update(outbox_event).where(done).values(delivered_at=sa.func.tenuto_now()))
    return len(waiting)


def _delivery(row: Any) -> Delivery:
    event = Event(row.type, row.subject, row.data, row.version)
    return Delivery(row.seq, row.id, row.workspace_id, event, row.created_at)
