"""Reading and writing the journal. Every write of a worker is fenced: one that lost its lease changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Graph
from tenuto.core.ids import is_id
from tenuto.core.words import Actor, system_actor
from tenuto.pipelines.errors import LEASE_LOST, RUN_UNKNOWN, RUN_UNREADABLE
from tenuto.pipelines.records import Held, RunRecord, TaskNote, TaskRecord
from tenuto.pipelines.rules.keys import KeyParts
from tenuto.pipelines.tables import run, run_expansion, run_log, run_task, step_result
from tenuto.pipelines.words import (
    FINAL,
    RunState,
    StoredValue,
    TaskId,
    TaskState,
    Usage,
)
from tenuto.store.database import Transaction

_T = TypeVar("_T")
_NOW = sa.func.tenuto_now()
_OPEN = ("queued", "running")
_WHOLE = -1  # the item number of a node that is not mapped

_CLAIM = sa.text(
    """
    update run set status = 'running', holder = :holder, fence = fence + 1,
      started_at = coalesce(started_at, tenuto_now()),
      lease_until = tenuto_now() + make_interval(secs => :seconds)
    where id = (
      select id from run
      where status in ('queued', 'running')
        and (lease_until is null or lease_until < tenuto_now())
        and (wake_at is null or wake_at <= tenuto_now() or cancelled)
      order by created_at limit 1 for update skip locked
    ) returning *
    """
)
# The holder is asked for too: a run that was let go is not to be taken back by a renewal that comes late.
_RENEW = sa.text(
    """
    update run set lease_until = tenuto_now() + make_interval(secs => :seconds)
    where id = :run and fence = :fence and holder = :holder and status = 'running' returning cancelled
    """
)
_HOLD = sa.text("select true from run where id = :run and fence = :fence and status = 'running' for update")
_LET_GO = sa.text(
    """
    update run set lease_until = null, holder = null, wake_at = tenuto_now() + make_interval(secs => :seconds)
    where id = :run and fence = :fence and status = 'running'
    """
)
# However many tasks: one statement, because a map may have thousands of items.
_WRITE_TASKS = """
    insert into run_task as old (run_id, workspace_id, node, item, state, status, executions, step_key, key_parts,
      cache, why, started_at, finished_at, usage)
    select cast(%(run)s as uuid), cast(%(workspace)s as uuid), node, item, state, status, cast(starts as integer),
      step_key, key_parts, cache, why, case when starts then tenuto_now() end,
      case when ends then tenuto_now() end, usage
    from jsonb_to_recordset(cast(%(rows)s as jsonb)) as new (node text, item integer, state jsonb, status text,
      starts boolean, ends boolean, step_key text, key_parts jsonb, cache text, why text[], usage jsonb)
    on conflict (run_id, node, item) do update set
      state = excluded.state,
      status = excluded.status,
      executions = old.executions + excluded.executions,
      step_key = coalesce(excluded.step_key, old.step_key),
      key_parts = coalesce(excluded.key_parts, old.key_parts),
      cache = case when excluded.step_key is null then old.cache else excluded.cache end,
      why = case when excluded.step_key is null then old.why else excluded.why end,
      started_at = coalesce(old.started_at, excluded.started_at),
      finished_at = coalesce(old.finished_at, excluded.finished_at),
      usage = coalesce(excluded.usage, old.usage)
"""
_KEEP_RESULTS = """
    insert into step_result (workspace_id, step_key, step, key_parts, outputs, run_id)
    select cast(%(workspace)s as uuid), step_key, step, key_parts, outputs, cast(%(run)s as uuid)
    from jsonb_to_recordset(cast(%(rows)s as jsonb))
      as new (step_key text, step text, key_parts jsonb, outputs jsonb)
    on conflict (workspace_id, step_key) do nothing
"""


def insert_run(tx: Transaction, new: RunRecord) -> None:
    tx.execute(
        sa.insert(run),
        {
            "id": new.id,
            "workspace_id": new.workspace,
            "pipeline": new.pipeline,
            "graph": msgspec.to_builtins(new.graph),
            "code": new.code,
            "parameters": msgspec.to_builtins(new.parameters),
            "seed": new.seed,
            "status": new.status,
            "actor": msgspec.to_builtins(new.actor),
            "authors": new.authors,
        },
    )


def find_run(tx: Transaction, run_id: str) -> RunRecord:
    row = tx.first(sa.select(run).where(run.c.id == run_id)) if is_id(run_id) else None
    if row is None:
        raise TenutoError(RUN_UNKNOWN, run_id[:100])
    return _run(row)


def runs(tx: Transaction, *, limit: int = 100) -> list[RunRecord]:
    query = sa.select(run).order_by(run.c.created_at.desc(), run.c.id.desc()).limit(limit)
    return [_run(row) for row in tx.rows(query)]


def open_runs(tx: Transaction) -> set[str]:
    """Return the runs that have not ended."""
    return {str(row.id) for row in tx.rows(sa.select(run.c.id).where(run.c.status.in_(_OPEN)))}


def tasks_of(tx: Transaction, run_id: str) -> list[TaskRecord]:
    query = sa.select(run_task).where(run_task.c.run_id == run_id).order_by(run_task.c.node, run_task.c.item)
    return [_task(row) for row in tx.rows(query)]


def state_of(tx: Transaction, record: RunRecord) -> RunState:
    """Return the run's state as the journal tells it."""
    expansions = tx.rows(sa.select(run_expansion).where(run_expansion.c.run_id == record.id))
    return RunState(
        graph=record.graph,
        parameters=record.parameters,
        tasks={one.task: one.state for one in tasks_of(tx, record.id)},
        expansions={row.node: _read(row.items, tuple[StoredValue, ...]) for row in expansions},
        cancelled=record.cancelled,
    )


def request_cancel(tx: Transaction, run_id: str) -> bool:
    """Ask for the end of a run. One that has ended already stays as it is; then False is returned."""
    asked = tx.execute(
        sa.update(run).where(run.c.id == run_id, run.c.status.in_(_OPEN)).values(cancelled=True, wake_at=None)
    )
    return asked.rowcount > 0


def claim(tx: Transaction, holder: str, seconds: float) -> Held | None:
    """Take the oldest run that nobody holds. Returns None when there is none."""
    row = tx.first(_CLAIM, {"holder": holder, "seconds": seconds})
    return Held(_run(row), holder, row.fence) if row else None


def renew(tx: Transaction, held: Held, seconds: float) -> bool | None:
    """Keep the lease. Returns whether the run is to be cancelled, or None when the lease is lost."""
    values = {"run": held.run.id, "fence": held.fence, "holder": held.holder, "seconds": seconds}
    row = tx.first(_RENEW, values)
    return None if row is None else bool(row.cancelled)


def require_held(tx: Transaction, held: Held) -> None:
    """Lock the run for this transaction, or raise because another worker has it now."""
    if tx.scalar(_HOLD, {"run": held.run.id, "fence": held.fence}) is None:
        raise TenutoError(LEASE_LOST, held.run.id)


def let_go(tx: Transaction, held: Held, seconds: float) -> None:
    """Give the run back, to be taken up again after so many seconds of the database's clock."""
    tx.execute(_LET_GO, {"run": held.run.id, "fence": held.fence, "seconds": seconds})


def release(tx: Transaction, holder: str) -> int:
    """Let go of all runs of a worker that is known to be dead, and return how many they were."""
    given_up = sa.update(run).where(run.c.holder == holder, run.c.status == "running")
    return tx.execute(given_up.values(lease_until=None, holder=None)).rowcount


def finish(tx: Transaction, held: Held, status: str, fault: str | None = None) -> None:
    tx.execute(
        sa.update(run)
        .where(run.c.id == held.run.id)
        .values(status=status, finished_at=_NOW, lease_until=None, holder=None, fault=fault)
    )


def write_tasks(
    tx: Transaction,
    held: Held,
    states: Mapping[TaskId, TaskState],
    notes: Mapping[TaskId, TaskNote] | None = None,
) -> None:
    """Write where tasks stand now, and what is to be noted of them besides."""
    known = notes or {}
    rows = [_row(task, state, known.get(task, _NOTHING)) for task, state in states.items()]
    _write(tx, _WRITE_TASKS, held, rows)


def keys_of(tx: Transaction, run_id: str) -> dict[TaskId, tuple[str, KeyParts]]:
    """Return the keys under which results of this run are to be kept."""
    query = sa.select(run_task).where(
        run_task.c.run_id == run_id, run_task.c.step_key.is_not(None), run_task.c.cache != "off"
    )
    return {_task_id(row): (row.step_key, _read(row.key_parts, KeyParts)) for row in tx.rows(query)}


def write_expansion(tx: Transaction, held: Held, node: str, items: Sequence[StoredValue]) -> None:
    tx.execute(
        upsert(run_expansion)
        .values(
            run_id=held.run.id,
            workspace_id=held.run.workspace,
            node=node,
            items=msgspec.to_builtins(list(items)),
        )
        .on_conflict_do_nothing()
    )


def results_for(tx: Transaction, workspace: str, keys: Iterable[str]) -> dict[str, dict[str, StoredValue]]:
    """Return the outputs that were made under keys in this workspace, by key, as far as they can be read."""
    query = sa.select(step_result.c.step_key, step_result.c.outputs).where(
        step_result.c.workspace_id == workspace, step_result.c.step_key == sa.any_(sa.literal(list(keys)))
    )
    kind = dict[str, StoredValue]
    read = {row.step_key: _read_if_possible(row.outputs, kind) for row in tx.rows(query)}
    return {key: outputs for key, outputs in read.items() if outputs is not None}


def newest_parts(tx: Transaction, workspace: str, step: str) -> KeyParts | None:
    """Return the parts of the newest key of a step, to say what is different now."""
    query = (
        sa.select(step_result.c.key_parts)
        .where(step_result.c.workspace_id == workspace, step_result.c.step == step)
        .order_by(step_result.c.created_at.desc())
        .limit(1)
    )
    found = tx.scalar(query)
    return None if found is None else _read_if_possible(found, KeyParts)


def keep_results(
    tx: Transaction, held: Held, made: Iterable[tuple[str, KeyParts, Mapping[str, StoredValue]]]
) -> None:
    """Keep outputs under their keys. What is there already stays."""
    rows = [
        {"step_key": key, "step": parts.step, "key_parts": parts, "outputs": dict(outputs)}
        for key, parts, outputs in made
    ]
    _write(tx, _KEEP_RESULTS, held, rows)


def keep_log(tx: Transaction, held: Held, node: str, attempt: str, text: str) -> None:
    row = {
        "run_id": held.run.id,
        "node": node,
        "attempt": attempt,
        "workspace_id": held.run.workspace,
        "text": text,
    }
    tx.execute(upsert(run_log).values(row).on_conflict_do_nothing())


def logs(tx: Transaction, run_id: str, node: str | None = None) -> list[tuple[str, str]]:
    """Return (node, text) of every attempt, in the order they ended."""
    query = sa.select(run_log).where(run_log.c.run_id == run_id).order_by(run_log.c.at, run_log.c.attempt)
    if node is not None:
        query = query.where(run_log.c.node == node)
    return [(row.node, row.text) for row in tx.rows(query)]


def _read(value: Any, kind: type[_T]) -> _T:
    """Read what the journal keeps. It may have been written by another version, or by hand."""
    try:
        return convert(value, kind)
    except TenutoError as error:
        raise TenutoError(RUN_UNREADABLE, error.detail) from error


def _read_if_possible(value: Any, kind: type[_T]) -> _T | None:
    """Read a result that is kept; one that cannot be read is as good as none, and is made again."""
    try:
        return _read(value, kind)
    except TenutoError:
        return None


def _write(tx: Transaction, statement: str, held: Held, rows: list[dict[str, Any]]) -> None:
    if rows:
        text = msgspec.json.encode(rows).decode()
        tx.run(statement, {"run": held.run.id, "workspace": held.run.workspace, "rows": text})


_NOTHING = TaskNote()


class _Kept(msgspec.Struct, frozen=True):
    """The parts of a run that another version may have written otherwise."""

    graph: Graph
    parameters: dict[str, StoredValue]
    actor: Actor
    fault: str | None = None


def _row(task: TaskId, state: TaskState, note: TaskNote) -> dict[str, Any]:
    return {
        "node": task.node,
        "item": _item(task),
        "state": state,
        "status": state.status.value,
        "starts": note.starts,
        "ends": state.status in FINAL,
        "step_key": note.key,
        "key_parts": note.parts,
        "cache": note.cache,
        "why": note.why,
        "usage": note.usage,
    }


def _run(row: Any) -> RunRecord:
    """Return a run. One that cannot be read has a ``fault`` and no graph: it can be shown and ended, no more."""
    try:
        kept = _Kept(
            _read(row.graph, Graph),
            _read(row.parameters, dict[str, StoredValue]),
            _read(row.actor, Actor),
        )
    except TenutoError as error:
        fault = f"{error.fault.code}: {error}"
        kept = _Kept(Graph(row.pipeline, ()), {}, system_actor("unreadable"), fault)
    return RunRecord(
        id=str(row.id),
        workspace=str(row.workspace_id),
        pipeline=row.pipeline,
        graph=kept.graph,
        code=row.code,
        parameters=kept.parameters,
        seed=row.seed,
        status=row.status,
        cancelled=row.cancelled,
        actor=kept.actor,
        authors=list(row.authors),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        fault=row.fault or kept.fault,
    )


def _task(row: Any) -> TaskRecord:
    return TaskRecord(
        task=_task_id(row),
        state=_read(row.state, TaskState),
        executions=row.executions,
        cache=row.cache,
        why=list(row.why),
        started_at=row.started_at,
        finished_at=row.finished_at,
        usage=_read(row.usage, Usage) if row.usage else None,
    )


def _task_id(row: Any) -> TaskId:
    return TaskId(row.node, None if row.item == _WHOLE else row.item)


def _item(task: TaskId) -> int:
    return _WHOLE if task.item is None else task.item
