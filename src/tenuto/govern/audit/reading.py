"""The log as verification and export read it: every part of one moment, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.core.words import Actor, ActorKind
from tenuto.govern.audit.tables import (
    audit_checkpoint,
    audit_entry,
    audit_pending,
    audit_record,
    audit_writer,
)
from tenuto.govern.audit_record import AuditedResource, AuditRecord, audit_time
from tenuto.govern.verify import LogRow, Unreadable
from tenuto.store.database import Transaction

_BATCH = 2_000


def placed_rows(tx: Transaction) -> Iterator[LogRow | Unreadable]:
    """Yield every record that has its place, in the order of the log."""
    query = (
        sa.select(audit_entry.c.seq, audit_entry.c.leaf.label("placed_leaf"), audit_record)
        .outerjoin(audit_record, audit_record.c.id == audit_entry.c.record_id)
        .order_by(audit_entry.c.seq)
    )
    for row in _streamed(tx, query):
        yield _row(row, row.seq, bytes(row.placed_leaf))


def pending_rows(tx: Transaction) -> Iterator[LogRow | Unreadable]:
    """Yield every record that waits for its place."""
    query = (
        sa.select(audit_pending.c.leaf.label("placed_leaf"), audit_record)
        .outerjoin(audit_record, audit_record.c.id == audit_pending.c.record_id)
        .order_by(audit_pending.c.arrival)
    )
    for row in _streamed(tx, query):
        yield _row(row, None, bytes(row.placed_leaf))


def writer_counts(tx: Transaction) -> dict[str, int]:
    query = sa.select(audit_writer.c.writer, audit_writer.c["count"].label("used"))
    return {row.writer: row.used for row in tx.rows(query)}


def checkpoint_notes(tx: Transaction) -> list[str]:
    return [row.note for row in tx.rows(sa.select(audit_checkpoint).order_by(audit_checkpoint.c.size))]


def newest_checkpoint(tx: Transaction) -> str | None:
    query = sa.select(audit_checkpoint.c.note).order_by(audit_checkpoint.c.size.desc()).limit(1)
    return tx.scalar(query)  # type: ignore[no-any-return]  # a text column, or no row


def covering_checkpoint(tx: Transaction, seq: int) -> str | None:
    """Return the oldest checkpoint that vouches for a record: the shortest way to its proof."""
    query = sa.select(audit_checkpoint.c.note).where(audit_checkpoint.c.size >= seq)
    return tx.scalar(query.order_by(audit_checkpoint.c.size).limit(1))  # type: ignore[no-any-return]  # as above


def leaves(tx: Transaction, first: int, last: int) -> Iterator[bytes]:
    """Yield the leaf hashes from index ``first`` up to, not including, ``last``."""
    seq = audit_entry.c.seq
    query = sa.select(audit_entry.c.leaf).where(seq > first, seq <= last).order_by(seq)
    return (bytes(row.leaf) for row in tx.rows(query))


def record_of(row: Any) -> AuditRecord:
    """Return the record of a row. What stands in columns of its own is read from there, not from the body:

    whoever edits a column that people search by must not leave a row that still verifies.
    """
    body = msgspec.json.decode(bytes(row.body), type=AuditRecord)
    actor = Actor(ActorKind(row.actor_kind), row.actor_id, body.actor.name, body.actor.owner)
    resource = AuditedResource(
        row.resource_kind, row.resource_id, body.resource.name, body.resource.workspace
    )
    return msgspec.structs.replace(
        body,
        id=row.id,
        time=audit_time(row.at.astimezone(UTC)),
        actor=actor,
        action=row.action,
        resource=resource,
        workspace=row.workspace_id,
        request_id=row.request_id,
        writer=row.writer,
        writer_seq=row.writer_seq,
    )


def _row(row: Any, seq: int | None, placed_leaf: bytes) -> LogRow | Unreadable:
    place = "a record without a place" if seq is None else f"record {seq}"
    if row.body is None:
        return Unreadable(place, "its row is gone from the database", seq, placed_leaf, gone=True)
    try:
        return LogRow.of(seq, placed_leaf, record_of(row))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        return Unreadable(place, f"its row does not hold a record: {error}", seq, placed_leaf)


def _streamed(tx: Transaction, query: sa.Select[Any]) -> Iterator[Any]:
    """Read in batches through a cursor of the server, so that a long log does not fill the memory."""
    yield from tx.connection.execution_options(yield_per=_BATCH).execute(query)
