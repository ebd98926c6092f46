"""What may start, what is skipped, when a run ends: decided from its state, anew after every change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from tenuto.core import typed_json
from tenuto.core.comparing import holds
from tenuto.core.graph import Condition, FromOutput, Input, Literal, Node, Source, input_type, reads_from
from tenuto.core.value_types import takes_none
from tenuto.pipelines.rules.inputs import items_of, value_of
from tenuto.pipelines.values.texts import scalar_of
from tenuto.pipelines.words import FINAL, Decision, RunState, RunStatus, TaskId, TaskState, TaskStatus

MOST_IN_A_CHUNK = 50


def decide(state: RunState, now: datetime) -> Decision:
    """Return all that follows from the state. Deciding again without journalling it returns the same."""
    pass_ = _Pass(state, now)
    for node in state.graph.nodes:
        pass_.look_at(node)
    return pass_.decision()


def node_status(state: RunState, node: Node) -> TaskStatus:
    """Return where a node stands; a mapped one has succeeded when each of its items has."""
    own = state.task(TaskId(node.name))
    if node.over is None or own.status in FINAL:
        return own.status
    if node.name not in state.expansions:
        return TaskStatus.WAITING
    found = {task.status for _, task in items_of(state, node)}
    if found - FINAL:
        return TaskStatus.RUNNING
    worst = (TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.SUCCEEDED)
    return next((status for status in worst if status in found), TaskStatus.SUCCEEDED)


def chunks(tasks: Sequence[TaskId], slots: int) -> Iterator[tuple[TaskId, ...]]:
    """Yield tasks that may share a process, one after the other: items of the same map.

    Each of ``slots`` processes gets several chunks, so that a slow item does not keep the others waiting.
    """
    by_node: dict[str, list[TaskId]] = {}
    for task in tasks:
        by_node.setdefault(task.node, []).append(task)
    for items in by_node.values():
        size = min(MOST_IN_A_CHUNK, -(-len(items) // (4 * max(slots, 1))))
        for start in range(0, len(items), size):
            yield tuple(items[start : start + size])


class _Gate(Enum):
    OPEN = "open"
    WAITING = "waiting"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class _Pass:
    """One walk over the nodes in order, so that what is decided of a node is known to those after it."""

    def __init__(self, state: RunState, now: datetime) -> None:
        self._state = state
        self._now = now
        self._statuses: dict[str, TaskStatus] = {}
        self._changes: dict[TaskId, TaskState] = {}
        self._expand: list[str] = []
        self._start: list[TaskId] = []
        self._wake_at: datetime | None = None

    def look_at(self, node: Node) -> None:
        status = node_status(self._state, node)
        if status not in FINAL and self._state.cancelled:
            status = self._cancel(node)
        elif status not in FINAL:
            status = self._advance(node, status)
        self._statuses[node.name] = status

    def decision(self) -> Decision:
        finished = self._finished()
        return Decision(
            changes=self._changes,
            expand=tuple(self._expand),
            start=tuple(self._start),
            finished=finished,
            wake_at=self._wake_at,
        )

    def _advance(self, node: Node, status: TaskStatus) -> TaskStatus:
        gate = self._gate(node)
        if gate is _Gate.OPEN:
            self._open(node)
        elif gate is _Gate.SKIPPED:
            return self._end(node, TaskStatus.SKIPPED)
        elif gate is _Gate.BLOCKED:
            return self._end(node, TaskStatus.BLOCKED)
        return status

    def _open(self, node: Node) -> None:
        if node.over is not None and node.name not in self._state.expansions:
            self._expand.append(node.name)
            return
        for task, where in items_of(self._state, node):
            if where.status is TaskStatus.WAITING or self._is_due(where):
                self._start.append(task)

    def _is_due(self, where: TaskState) -> bool:
        if where.status is not TaskStatus.RETRYING or where.retry_at is None:
            return where.status is TaskStatus.RETRYING
        if where.retry_at <= self._now:
            return True
        self._wake_at = min(self._wake_at or where.retry_at, where.retry_at)
        return False

    def _cancel(self, node: Node) -> TaskStatus:
        """Cancel what has not started; what runs is for the executor to stop."""
        running = False
        for task, where in items_of(self._state, node):
            if where.status is TaskStatus.RUNNING:
                running = True
            elif where.status not in FINAL:
                self._changes[task] = msgspec.structs.replace(where, status=TaskStatus.CANCELLED)
        return TaskStatus.RUNNING if running else TaskStatus.CANCELLED

    def _end(self, node: Node, status: TaskStatus) -> TaskStatus:
        self._changes[TaskId(node.name)] = TaskState(status)
        return status

    def _gate(self, node: Node) -> _Gate:
        before = {self._statuses[name] for name in reads_from(node)}
        if before & {TaskStatus.FAILED, TaskStatus.BLOCKED, TaskStatus.CANCELLED}:
            return _Gate.BLOCKED
        if before - FINAL:
            return _Gate.WAITING
        misses = any(
            self._is_skipped(given.source) and not _does_without(node, given) for given in node.inputs
        )
        if misses or not all(self._holds(condition) for condition in node.conditions):
            return _Gate.SKIPPED
        return _Gate.OPEN

    def _is_skipped(self, source: object) -> bool:
        return isinstance(source, FromOutput) and self._statuses[source.node] is TaskStatus.SKIPPED

    def _holds(self, condition: Condition) -> bool:
        if self._is_skipped(condition.source) or self._is_skipped(condition.bound):
            return False
        return holds(condition.comparison, self._compared(condition.source), self._compared(condition.bound))

    def _compared(self, source: Source) -> Any:
        if isinstance(source, Literal):
            return typed_json.decode(source.text)
        value = value_of(self._state, source)
        assert value is not None
        return scalar_of(value)

    def _finished(self) -> RunStatus | None:
        found = set(self._statuses.values())
        if found - FINAL:
            return None
        if TaskStatus.CANCELLED in found:
            return RunStatus.CANCELLED
        return RunStatus.FAILED if found & {TaskStatus.FAILED, TaskStatus.BLOCKED} else RunStatus.SUCCEEDED


def _does_without(node: Node, given: Input) -> bool:
    return takes_none(input_type(node, given))
