"""Write audit records inside the transaction of the effect they tell.

Each database connection is a *writer* with a name and a running number. The number is part of the record's
leaf, and the newest number is kept in ``audit_writer`` in the same commit: a record that vanishes before it
is sequenced leaves a gap that verification finds. One statement carries it all: auditing costs one round
trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.core.clock import Clock
from tenuto.core.ids import Ids
from tenuto.core.words import Ref, Scope, Verdict
from tenuto.govern.audit_record import AuditedResource, AuditRecord, audit_time, canonical_bytes
from tenuto.govern.merkle import leaf_hash
from tenuto.store.database import Transaction

_WRITE = sa.text(
    """
    with writer as (
      insert into audit_writer as w (writer, count) values (:writer, :count)
      on conflict (writer) do update set count = excluded.count
    ), record as (
      insert into audit_record (id, workspace_id, writer, writer_seq, at, actor_kind, actor_id, action,
                                resource_kind, resource_id, effect, request_id, body, leaf)
      select * from unnest(cast(:id as uuid[]), cast(:workspace_id as uuid[]), cast(:writers as text[]),
        cast(:writer_seq as bigint[]), cast(:at as timestamptz[]), cast(:actor_kind as text[]),
        cast(:actor_id as text[]), cast(:action as text[]), cast(:resource_kind as text[]),
        cast(:resource_id as text[]), cast(:effect as text[]), cast(:request_id as text[]),
        cast(:body as bytea[]), cast(:leaf as bytea[]))
    )
    insert into audit_pending (record_id, leaf)
    select * from unnest(cast(:id as uuid[]), cast(:leaf as bytea[]))
    """
)


class Entry(msgspec.Struct, frozen=True):
    """What one audit record says, before it has a writer, a number and a time."""

    action: str
    resource: Ref
    verdict: Verdict | None
    outcome: str  # "done", "refused" or "failed"
    detail: dict[str, Any] = {}


class _Writer(msgspec.Struct):
    """The numbers a database connection has used up. ``count`` moves only when a commit is known."""

    name: str
    count: int = 0


def write_entries(tx: Transaction, clock: Clock, ids: Ids, entries: Sequence[Entry]) -> None:
    """Write one record per entry. They take effect, and use up their numbers, only if ``tx`` commits."""
    if not entries:
        return
    writer = _writer_of(tx, ids)
    first = int(tx.notes.get("audit_count", writer.count)) + 1
    now = clock.now()
    records = [
        _record(entry, tx.scope, ids.new(), now, writer.name, writer_seq)
        for writer_seq, entry in enumerate(entries, start=first)
    ]
    last = records[-1].writer_seq
    tx.execute(_WRITE, {"writer": writer.name, "count": last} | _columns(records, now))
    if "audit_count" not in tx.notes:
        tx.after_commit(lambda: setattr(writer, "count", tx.notes["audit_count"]))
    tx.notes["audit_count"] = last


def _writer_of(tx: Transaction, ids: Ids) -> _Writer:
    writer = tx.connection.info.setdefault("audit_writer", _Writer(ids.new()))
    assert isinstance(writer, _Writer)
    return writer


def _record(
    entry: Entry, scope: Scope, record_id: str, now: datetime, writer: str, writer_seq: int
) -> AuditRecord:
    return AuditRecord(
        id=record_id,
        time=audit_time(now),
        actor=scope.actor,
        action=entry.action,
        resource=AuditedResource.of(entry.resource),
        workspace=scope.workspace,
        verdict=entry.verdict,
        outcome=entry.outcome,
        request_id=scope.request_id,
        source=scope.source,
        detail=entry.detail,
        writer=writer,
        writer_seq=writer_seq,
    )


def _columns(records: Sequence[AuditRecord], now: datetime) -> dict[str, list[Any]]:
    bodies = [canonical_bytes(record) for record in records]
    return {
        "id": [record.id for record in records],
        "workspace_id": [record.workspace for record in records],
        "writers": [record.writer for record in records],
        "writer_seq": [record.writer_seq for record in records],
        "at": [now for _ in records],
        "actor_kind": [record.actor.kind.value for record in records],
        "actor_id": [record.actor.id for record in records],
        "action": [record.action for record in records],
        "resource_kind": [record.resource.kind for record in records],
        "resource_id": [record.resource.id for record in records],
        "effect": [record.verdict.effect.value if record.verdict else record.outcome for record in records],
        "request_id": [record.request_id for record in records],
        "body": bodies,
        "leaf": [leaf_hash(body) for body in bodies],
    }
