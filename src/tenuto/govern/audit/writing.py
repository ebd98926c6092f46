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

from tenuto.core.clock import Clock
from tenuto.core.ids import Ids
from tenuto.core.words import Event, Ref, Scope, Verdict
from tenuto.govern.audit_record import AuditedResource, AuditRecord, audit_time, canonical_bytes
from tenuto.govern.merkle import leaf_hash
from tenuto.store import outbox
from tenuto.store.database import Transaction
from tenuto.store.ringing import RING

_RECORD = """
with writer as (
  insert into audit_writer (writer, count) values (%(writer)s, %(writer_seq)s)
  on conflict (writer) do update set count = excluded.count
), record as (
  insert into audit_record (id, workspace_id, writer, writer_seq, at, actor_kind, actor_id, action,
                            resource_kind, resource_id, effect, request_id, body, leaf)
  values (%(id)s, %(workspace_id)s, %(writer)s, %(writer_seq)s, %(at)s, %(actor_kind)s, %(actor_id)s,
          %(action)s, %(resource_kind)s, %(resource_id)s, %(effect)s, %(request_id)s, %(body)s, %(leaf)s)
)"""
_PENDING = " insert into audit_pending (record_id, leaf) select %(id)s::uuid, %(leaf)s::bytea"
_ALONE = _RECORD + _PENDING
# The event goes the same way as the record it belongs to, and the bell with them: one round trip for all.
_EVENT = """, event as (
  insert into outbox_event (id, workspace_id, type, subject, version, data)
  values (%(event_id)s, %(workspace_id)s, %(event_type)s, %(event_subject)s, %(event_version)s,
          %(event_data)s::jsonb)
)"""
_WITH_EVENT = _RECORD + _EVENT + _PENDING
_WITH_BELL = f"{_WITH_EVENT} from ({RING}) as bell"


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


def write_entries(
    tx: Transaction, clock: Clock, ids: Ids, entries: Sequence[Entry], events: Sequence[Event] = ()
) -> None:
    """Write one record per entry, and the events. They take effect, and use up numbers, only if ``tx`` commits."""
    if not entries:
        outbox.put(tx, ids, events)
        return
    writer = _writer_of(tx, ids)
    used = int(tx.notes.get("audit_count", writer.count))
    now = clock.now()
    together = len(entries) == 1 and len(events) == 1
    for writer_seq, entry in enumerate(entries, start=used + 1):
        record = _record(entry, tx.scope, ids.new(), now, writer.name, writer_seq)
        if together:
            columns = _columns(record, now) | _event_columns(events[0], ids)
            tx.run(_WITH_BELL if tx.rings() else _WITH_EVENT, columns)
        else:
            tx.run(_ALONE, _columns(record, now))
    if not together:
        outbox.put(tx, ids, events)
    if "audit_count" not in tx.notes:
        tx.after_commit(lambda: setattr(writer, "count", tx.notes["audit_count"]))
    tx.notes["audit_count"] = used + len(entries)


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


def _columns(record: AuditRecord, now: datetime) -> dict[str, Any]:
    body = canonical_bytes(record)
    return {
        "id": record.id,
        "workspace_id": record.workspace,
        "writer": record.writer,
        "writer_seq": record.writer_seq,
        "at": now,
        "actor_kind": record.actor.kind.value,
        "actor_id": record.actor.id,
        "action": record.action,
        "resource_kind": record.resource.kind,
        "resource_id": record.resource.id,
        "effect": record.verdict.effect.value if record.verdict else record.outcome,
        "request_id": record.request_id,
        "body": body,
        "leaf": leaf_hash(body),
    }


def _event_columns(event: Event, ids: Ids) -> dict[str, Any]:
    return {
        "event_id": ids.new(),
        "event_type": event.type,
        "event_subject": event.subject,
        "event_version": event.version,
        "event_data": msgspec.json.encode(event.data).decode(),
    }
