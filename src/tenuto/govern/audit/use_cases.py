"""Read the log, verify it, export it. Verifying and exporting are themselves recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref, Scope, system_actor
from tenuto.govern.audit import reading
from tenuto.govern.audit.proving import Proof, prove
from tenuto.govern.audit.tables import audit_entry, audit_record
from tenuto.govern.audit_record import AuditRecord, audit_time
from tenuto.govern.checkpoints import Checkpoint, CheckpointSink, VerifierKey, open_checkpoint
from tenuto.govern.errors import RECORD_UNKNOWN
from tenuto.govern.use_case import Case, use_case
from tenuto.govern.verify import (
    BundleSource,
    LogRow,
    Manifest,
    Report,
    Unreadable,
    verify_log,
    write_bundle,
)
from tenuto.store.database import Database, Role, Transaction
from tenuto.store.schema import Id, Timestamp

_LOG = Ref("AuditLog", "log", "audit log")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for, newest first. Empty fields match all; ``before`` is the last (time, id) seen."""

    actor: str = ""
    action: str = ""
    resource_kind: str = ""
    resource: str = ""
    request_id: str = ""
    effect: str = ""
    before: tuple[datetime, str] | None = None
    limit: int = 100


class Entry(msgspec.Struct, frozen=True):
    """A record with its place in the log; ``seq`` is None until it has one, which takes about a second."""

    seq: int | None
    record: AuditRecord


class LogState(msgspec.Struct, frozen=True):
    """How many records have their place, and the newest checkpoints in the database and outside of it."""

    records: int
    signed: Checkpoint | None
    outside: Checkpoint | None


class ProvenEntry(msgspec.Struct, frozen=True):
    entry: Entry
    leaf: bytes
    proof: Proof


class Witness(msgspec.Struct, frozen=True):
    """What verifying needs from outside the database."""

    database: Database
    key: VerifierKey
    sink: CheckpointSink

    def one_moment(self) -> AbstractContextManager[Transaction]:
        scope = Scope(system_actor("audit-verify"))
        return self.database.begin(scope, Role.SYSTEM, one_moment=True)


@use_case("govern:audit:read")
def entries(case: Case, *, wanted: Filter) -> list[Entry]:
    """Return the newest records of this scope alone that match. Reading them is recorded too."""
    log = msgspec.structs.replace(_LOG, workspace=case.scope.workspace)
    case.permit(log)
    case.record(log, {"actor": wanted.actor, "action": wanted.action, "resource": wanted.resource})
    return [Entry(row.seq, reading.record_of(row)) for row in case.tx.rows(_query(wanted, case.scope))]


@use_case("govern:audit:read", mutating=False)
def state(case: Case, *, witness: Witness) -> LogState:
    """Say how far the log reaches and is vouched for. It shows no record, so looking is not recorded."""
    case.permit(_LOG)
    records = case.tx.scalar(sa.select(sa.func.coalesce(sa.func.max(audit_entry.c.seq), 0)))
    signed = reading.newest_checkpoint(case.tx)
    outside = witness.sink.latest()
    return LogState(
        int(records),
        open_checkpoint(signed, witness.key) if signed else None,
        open_checkpoint(outside, witness.key) if outside else None,
    )


@use_case("govern:audit:read")
def entry(case: Case, *, record_id: str, witness: Witness) -> ProvenEntry:
    """Return one record with what can be proven of it at this moment. Reading it is recorded too."""
    row = case.tx.first(_placed(case.scope).where(audit_record.c.id == record_id))
    if row is None:
        raise TenutoError(RECORD_UNKNOWN, record_id)
    log = msgspec.structs.replace(_LOG, workspace=case.scope.workspace)
    case.permit(log)
    case.record(log, {"record": record_id})
    found = Entry(row.seq, reading.record_of(row))
    return ProvenEntry(found, bytes(row.leaf), prove(case.tx, found, bytes(row.leaf), witness.key))


@use_case("govern:audit:verify")
def verify(case: Case, *, witness: Witness, catch_up: Callable[[], None] | None = None) -> Report:
    """Verify the whole log against itself and against the newest checkpoint of the sink.

    ``catch_up`` orders and signs what is committed at this moment; it is asked only of those who may verify.
    """
    case.permit(_LOG)
    if catch_up is not None:
        catch_up()
    outside = witness.sink.latest()
    with witness.one_moment() as tx:
        report = verify_log(
            reading.placed_rows(tx),
            reading.pending_rows(tx),
            reading.writer_counts(tx),
            reading.checkpoint_notes(tx),
            witness.key,
            [outside] if outside else [],
        )
    case.record(_LOG, {"records": report.records, "problems": report.problem_count, "ok": report.ok})
    return report


@use_case("govern:audit:export")
def export(
    case: Case, *, witness: Witness, target: Path, catch_up: Callable[[], None] | None = None
) -> Manifest:
    """Write the whole log as a bundle that can be verified offline with the public key alone.

    ``catch_up`` is that of ``verify``.
    """
    case.permit(_LOG)
    if catch_up is not None:
        catch_up()
    with witness.one_moment() as tx:
        manifest = write_bundle(target, _source(tx, case.clock, witness.key))
    case.record(_LOG, {"records": manifest.records, "checkpoints": manifest.checkpoints})
    return manifest


def _source(tx: Transaction, clock: Clock, key: VerifierKey) -> BundleSource:
    return BundleSource(
        origin=key.name,
        created=audit_time(clock.now()),
        key=str(key),
        rows=_readable(reading.placed_rows(tx)),
        pending=_readable(reading.pending_rows(tx)),
        writers=sorted(reading.writer_counts(tx).items()),
        checkpoints=reading.checkpoint_notes(tx),
    )


def _readable(rows: Iterable[LogRow | Unreadable]) -> Iterator[LogRow]:
    """Leave out what cannot be read: in the bundle it is missed, and verifying says where."""
    return (row for row in rows if isinstance(row, LogRow))


def _query(wanted: Filter, scope: Scope) -> sa.Select[Any]:
    record = audit_record.c
    pairs: Sequence[tuple[Any, Any]] = (
        (record.actor_id, wanted.actor),
        (record.action, wanted.action),
        (record.resource_kind, wanted.resource_kind),
        (record.resource_id, wanted.resource),
        (record.request_id, wanted.request_id),
        (record.effect, wanted.effect),
    )
    query = _placed(scope).where(*(column == value for column, value in pairs if value))
    if wanted.before is not None:
        at, last = sa.literal(wanted.before[0], Timestamp), sa.literal(wanted.before[1], Id)
        query = query.where(sa.tuple_(record.at, record.id) < sa.tuple_(at, last))
    return query.order_by(record.at.desc(), record.id.desc()).limit(wanted.limit)


def _placed(scope: Scope) -> sa.Select[Any]:
    """The records of one scope. The database lets a workspace see the organisation's too; its readers may not."""
    joined = audit_record.outerjoin(audit_entry, audit_entry.c.record_id == audit_record.c.id)
    records = sa.select(audit_record, audit_entry.c.seq).select_from(joined)
    if scope.workspace is None:
        return records.where(audit_record.c.workspace_id.is_(None))
    return records.where(audit_record.c.workspace_id == scope.workspace)
