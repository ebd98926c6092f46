"""A held run: its state in memory, and the same state in the journal, moved together.

Every transition is one transaction under the run's fence. What the journal refuses is not kept in memory either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from tenuto.core.words import Event, Verdict
from tenuto.govern.audit.writing import Entry, write_entries
from tenuto.pipelines import queries
from tenuto.pipelines.records import Held
from tenuto.pipelines.rules import retrying
from tenuto.pipelines.rules.keys import KeyParts, explain_key_difference
from tenuto.pipelines.words import (
    ItemOutcome,
    RunStatus,
    Status,
    StoredValue,
    TaskId,
    TaskState,
    TaskStatus,
    Usage,
)
from tenuto.pipelines.worker.tools import Tools
from tenuto.store import outbox

_VERDICT = Verdict.system("the run was allowed when it was submitted")


class Lookup(msgspec.Struct, frozen=True):
    """Under which key a task runs, and what was found there."""

    key: str
    parts: KeyParts
    cache: str  # "hit", "miss", "off"
    why: list[str]
    outputs: dict[str, StoredValue] | None = None


class Journal:
    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self.held = held
        with tools.desk.database.begin(held.run.scope) as tx:
            self.state = queries.state_of(tx, held.run)
            self._keys = queries.keys_of(tx, held.run.id)

    def recover(self) -> int:
        """Write off what an earlier worker had running: its processes are gone. Returns how many tasks."""
        running = {
            task: where for task, where in self.state.tasks.items() if where.status is TaskStatus.RUNNING
        }
        lost = ItemOutcome(None, Status.LOST)
        self._settle(dict.fromkeys(running, lost), None, "recovered")
        return len(running)

    def change(self, states: Mapping[TaskId, TaskState]) -> None:
        """Write tasks that end without running: skipped, blocked, cancelled."""
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.require_held(tx, self.held)
            queries.write_tasks(tx, self.held, states)
            queries.note_end(tx, self.held, states, None)
        self._keep(states)
        self._tools.passing("changed")

    def expand(self, node: str, items: Sequence[StoredValue]) -> None:
        """Write the items of a map before any of them starts: a join can then count them."""
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.require_held(tx, self.held)
            queries.write_expansion(tx, self.held, node, items)
        expansions = {**self.state.expansions, node: tuple(items)}
        self.state = msgspec.structs.replace(self.state, expansions=expansions)
        self._tools.passing("expanded")

    def look_up(self, tasks: Mapping[TaskId, tuple[str, KeyParts, bool]]) -> dict[TaskId, Lookup]:
        """Find results that are there already. Each task comes with key, parts and whether it may be cached."""
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            found = {}
            for task, (key, parts, cached) in tasks.items():
                outputs = queries.result_for(tx, self.held.run.workspace, key) if cached else None
                newest = (
                    queries.newest_parts(tx, self.held.run.workspace, parts.step) if not outputs else None
                )
                found[task] = _lookup(key, parts, outputs, newest, cached=cached)
        return found

    def start(self, lookups: Mapping[TaskId, Lookup]) -> None:
        """Write that tasks run now, or that their result was there; only then may anything start."""
        states = {task: self._started(task, lookup) for task, lookup in lookups.items()}
        running = [task for task, state in states.items() if state.status is TaskStatus.RUNNING]
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.require_held(tx, self.held)
            queries.write_tasks(tx, self.held, states)
            queries.note_start(tx, self.held, running)
            for task, lookup in lookups.items():
                queries.note_key(
                    tx,
                    self.held,
                    task,
                    key=lookup.key,
                    parts=lookup.parts,
                    cache=lookup.cache,
                    why=lookup.why,
                )
            queries.note_end(tx, self.held, states, None)
        self._keys |= {task: (lookup.key, lookup.parts) for task, lookup in lookups.items()}
        self._keep(states)
        self._tools.passing("started")

    def settle(self, outcomes: Mapping[TaskId, ItemOutcome], usage: Usage | None) -> None:
        """Write what became of tasks. After this commit a success is never done again."""
        self._settle(outcomes, usage, "settled")

    def keep_log(self, node: str, attempt: str, text: str) -> None:
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.keep_log(tx, self.held, node, attempt, text)

    def finish(self, status: RunStatus) -> None:
        """Write the run's end with its audit record and event."""
        run, desk = self.held.run, self._tools.desk
        data = {"pipeline": run.pipeline, "status": status.value}
        with desk.database.begin(run.scope) as tx:
            queries.require_held(tx, self.held)
            queries.finish(tx, self.held, status.value)
            entry = Entry("pipelines:run:finish", run.ref, _VERDICT, "done", data)
            write_entries(tx, desk.clock, desk.ids, [entry])
            outbox.put(tx, desk.ids, [Event("run.finished", run.id, data)])
        self._tools.passing("finished")

    def let_go(self, wake_at: datetime | None) -> None:
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.let_go(tx, self.held, wake_at)

    def cancel(self) -> None:
        self.state = msgspec.structs.replace(self.state, cancelled=True)

    def _settle(self, outcomes: Mapping[TaskId, ItemOutcome], usage: Usage | None, point: str) -> None:
        if not outcomes:
            return
        now = self._tools.desk.clock.now()
        states = {
            task: retrying.settled(
                task, self.state.task(task), outcome, self.state.graph.node(task.node).options, now
            )
            for task, outcome in outcomes.items()
        }
        with self._tools.desk.database.begin(self.held.run.scope) as tx:
            queries.require_held(tx, self.held)
            queries.write_tasks(tx, self.held, states)
            queries.note_end(tx, self.held, states, usage)
            for task, state in states.items():
                if state.status is TaskStatus.SUCCEEDED and task in self._keys:
                    key, parts = self._keys[task]
                    queries.keep_result(tx, self.held, key, parts, state.outputs)
        self._keep(states)
        self._tools.passing(point)

    def _started(self, task: TaskId, lookup: Lookup) -> TaskState:
        where = self.state.task(task)
        if lookup.outputs is not None:
            return TaskState(TaskStatus.SUCCEEDED, where.failures, where.losses, outputs=lookup.outputs)
        return retrying.started(where)

    def _keep(self, states: Mapping[TaskId, TaskState]) -> None:
        self.state = msgspec.structs.replace(self.state, tasks={**self.state.tasks, **states})


def _lookup(
    key: str,
    parts: KeyParts,
    outputs: dict[str, StoredValue] | None,
    newest: KeyParts | None,
    *,
    cached: bool,
) -> Lookup:
    if not cached:
        return Lookup(key, parts, "off", ["its author switched caching off"])
    if outputs is not None:
        return Lookup(
            key, parts, "hit", ["the same code, inputs, parameters and environment ran before"], outputs
        )
    if newest is None:
        return Lookup(key, parts, "miss", ["this step has not run in this workspace before"])
    return Lookup(key, parts, "miss", [str(one) for one in explain_key_difference(newest, parts)])
