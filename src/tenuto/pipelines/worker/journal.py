"""A held run: its state in memory, and the same state in the journal, moved together.

Every transition is written in a transaction under the run's fence, several in one if they are made ``together``.
What the journal refuses is not kept in memory either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from tenuto.pipelines import queries
from tenuto.pipelines.records import Held, TaskNote
from tenuto.pipelines.rules import retrying
from tenuto.pipelines.rules.keys import KeyParts
from tenuto.pipelines.words import (
    FINAL,
    ItemOutcome,
    RunState,
    RunStatus,
    Status,
    StoredValue,
    TaskId,
    TaskState,
    TaskStatus,
)
from tenuto.pipelines.worker.looking_up import Asked, Found, explained, gone
from tenuto.pipelines.worker.results import Result, texts_without_nul
from tenuto.pipelines.worker.tools import Tools
from tenuto.pipelines.worker.transitions import Transitions, write_end
from tenuto.store.database import Transaction

Stored = Callable[[Iterable[StoredValue]], bool]
Chunks = Sequence[tuple[TaskId, ...]]
Choose = Callable[[list[TaskId]], Chunks]


class Journal:
    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._keys: dict[TaskId, tuple[str, KeyParts]] = {}
        read = RunState(held.run.graph, held.run.parameters, cancelled=held.run.cancelled)
        if held.fence > 1:  # nothing is written of a run that nobody has held before
            with tools.desk.database.begin(held.run.scope) as tx:
                read = queries.state_of(tx, held.run)
                self._keys = queries.keys_of(tx, held.run.id)
        # One mapping for as long as the run is held: copying it at every transition would cost a map of
        # thousands of items dearly. Only the thread that drives the run looks at it.
        self._tasks = dict(read.tasks)
        self.state = msgspec.structs.replace(read, tasks=self._tasks)
        self._open: Transitions | None = None
        self._before: dict[TaskId, TaskState | None] = {}  # where tasks stood that ``_open`` moves

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all transitions of the block in one transaction: all of them count, or none."""
        state = self.state
        try:
            with Transitions(self._tools, self._held) as self._open:
                yield
        except BaseException:
            self.state = state
            self._move_back()
            raise
        finally:
            self._open = None
            self._before.clear()

    def recover(self) -> None:
        """Write off what an earlier worker had running: its processes are gone."""
        running = {task: where for task, where in self._tasks.items() if where.status is TaskStatus.RUNNING}
        self._settle(retrying.written_off(running), [], ("recovering", "recovered"))

    def change(self, states: Mapping[TaskId, TaskState]) -> None:
        """Write tasks that end without running: skipped, blocked, cancelled, impossible to start."""
        cleaned = {task: texts_without_nul(state, TaskState) for task, state in states.items()}
        with self._transition("changing", "changed") as tx:
            queries.write_tasks(tx, self._held, cleaned)
            self._move(cleaned)

    def expand(self, node: str, items: Sequence[StoredValue]) -> None:
        """Write the items of a map before any of them starts: a join can then count them."""
        with self._transition("expanding", "expanded") as tx:
            queries.write_expansion(tx, self._held, node, items)
            expansions = {**self.state.expansions, node: tuple(items)}
            self.state = msgspec.structs.replace(self.state, expansions=expansions)

    def take_up(self, asked: Mapping[TaskId, Asked], stored: Stored, choose: Choose) -> dict[TaskId, Found]:
        """Write which results are there already and which tasks run now; only then may anything start.

        A result counts only if its contents are still ``stored``. Of the tasks that have to run, ``choose``
        tells which chunks start at once; ``start`` writes the others when their turn comes.
        """
        with self._transition("starting", "started") as tx:
            found = self._find(tx, asked, stored)
            chunks = choose([task for task, one in found.items() if one.outputs is None])
            begun = {task for chunk in chunks for task in chunk}
            taken = {task: one for task, one in found.items() if one.outputs is not None or task in begun}
            self._write_start(tx, taken, chunks)
        return found

    def start(self, found: Mapping[TaskId, Found], chunks: Chunks) -> None:
        """Write that tasks run now that were looked up before."""
        with self._transition("starting", "started") as tx:
            self._write_start(tx, found, chunks)

    def settle(self, results: Sequence[Result]) -> None:
        """Write what became of tasks. After this commit a success is never done again."""
        outcomes: dict[TaskId, ItemOutcome] = {}
        for one in results:
            outcomes |= one.outcomes
        self._settle(outcomes, results, ("settling", "settled"))

    def finish(self, status: RunStatus) -> None:
        with self._transition("finishing", "finished") as tx:
            write_end(tx, self._tools, self._held, status)

    def let_go(self, seconds: float) -> None:
        """Give the run back, to be taken up again later. Nothing of it runs here any more."""
        running = [task for task, where in self._tasks.items() if where.status is TaskStatus.RUNNING]
        self._settle(dict.fromkeys(running, ItemOutcome(None, Status.NOT_RUN)), [], ("leaving", "left"))
        with self._transition("letting_go", "let_go") as tx:
            queries.let_go(tx, self._held, seconds)

    def cancel(self) -> None:
        self.state = msgspec.structs.replace(self.state, cancelled=True)

    def _find(self, tx: Transaction, asked: Mapping[TaskId, Asked], stored: Stored) -> dict[TaskId, Found]:
        workspace = self._held.run.workspace
        wanted = {one.key for one in asked.values() if one.cached}
        there = queries.results_for(tx, workspace, wanted) if wanted else {}
        steps = {one.parts.step for one in asked.values() if one.cached and one.key not in there}
        newest = {step: queries.newest_parts(tx, workspace, step) for step in steps}
        found = {}
        for task, one in asked.items():
            outputs = there.get(one.key) if one.cached else None
            told = explained(one, outputs, newest.get(one.parts.step))
            found[task] = told if outputs is None or stored(outputs.values()) else gone(told)
        return found

    def _write_start(self, tx: Transaction, found: Mapping[TaskId, Found], chunks: Chunks) -> None:
        first = {task: chunk[0].item for chunk in chunks for task in chunk}
        states = {task: self._started(task, one, first.get(task)) for task, one in found.items()}
        notes = {
            task: TaskNote(
                starts=one.outputs is None, key=one.key, parts=one.parts, cache=one.cache, why=one.why
            )
            for task, one in found.items()
        }
        queries.write_tasks(tx, self._held, states, notes)
        self._keys |= {task: (one.key, one.parts) for task, one in found.items() if one.cache != "off"}
        self._move(states)

    def _settle(
        self,
        outcomes: Mapping[TaskId, ItemOutcome],
        results: Sequence[Result],
        points: tuple[str, str],
    ) -> None:
        states = self._settled(outcomes)
        notes = {task: TaskNote(usage=usage) for one in results for task, usage in one.usages.items()}
        noted = {task: self.state.task(task) for task in notes if task not in states}
        if not states and not notes and not any(one.log for one in results):
            return
        with self._transition(*points) as tx:
            queries.write_tasks(tx, self._held, noted | states, notes)
            queries.keep_results(tx, self._held, self._made(states))
            for one in results:
                if one.log:
                    queries.keep_log(tx, self._held, one.node, one.attempt, one.log)
            self._move(states)

    def _settled(self, outcomes: Mapping[TaskId, ItemOutcome]) -> dict[TaskId, TaskState]:
        """Return where tasks stand after these outcomes. What has ended already stays ended."""
        now = self._tools.desk.clock.now()
        return {
            task: retrying.settled(task, where, outcome, self.state.graph.node(task.node).options, now)
            for task, outcome in outcomes.items()
            if (where := self.state.task(task)).status not in FINAL
        }

    def _made(
        self, states: Mapping[TaskId, TaskState]
    ) -> Iterator[tuple[str, KeyParts, Mapping[str, StoredValue]]]:
        for task, state in states.items():
            if state.status is TaskStatus.SUCCEEDED and task in self._keys:
                yield (*self._keys[task], state.outputs)

    def _started(self, task: TaskId, found: Found, chunk: int | None) -> TaskState:
        where = self.state.task(task)
        if found.outputs is not None:
            return TaskState(TaskStatus.SUCCEEDED, where.failures, where.losses, outputs=found.outputs)
        return retrying.started(where, chunk)

    def _move(self, states: Mapping[TaskId, TaskState]) -> None:
        for task in states:
            self._before.setdefault(task, self._tasks.get(task))
        self._tasks.update(states)

    def _move_back(self) -> None:
        for task, where in self._before.items():
            if where is None:
                del self._tasks[task]
            else:
                self._tasks[task] = where

    @contextmanager
    def _transition(self, before: str, after: str) -> Iterator[Transaction]:
        """Write one transition: with the others that are made together, or alone."""
        if self._open is not None:
            with self._open.written(before, after) as tx:
                yield tx
            return
        with self.together(), self._transition(before, after) as tx:
            yield tx
