"""The steps of a run as a list to read from top to bottom. Pure: what the journal says in, lines out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from tenuto.core.graph import Node, reads_from
from tenuto.pipelines.records import RunDetail, TaskRecord
from tenuto.pipelines.words import StepError, TaskState, TaskStatus

# What a step with many items is said to be: the first of these that any of its items is.
_LOUDEST = (
    TaskStatus.FAILED,
    TaskStatus.RUNNING,
    TaskStatus.RETRYING,
    TaskStatus.WAITING,
    TaskStatus.CANCELLED,
    TaskStatus.BLOCKED,
    TaskStatus.SUCCEEDED,
    TaskStatus.SKIPPED,
)

_NOT_SUCCEEDED = (TaskStatus.FAILED, TaskStatus.BLOCKED, TaskStatus.CANCELLED, TaskStatus.SKIPPED)


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step. ``items`` counts the states of a step that runs once for each item of a list."""

    name: str
    status: TaskStatus
    after: tuple[str, ...] = ()
    executions: int = 0
    cache: str = "none"
    why: tuple[str, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: StepError | None = None
    items: tuple[tuple[TaskStatus, int], ...] = ()

    def seconds(self, now: datetime) -> float | None:
        """Return how long it took, or has been going on."""
        if self.started_at is None:
            return None
        return max(0.0, ((self.finished_at or now) - self.started_at).total_seconds())


def step_lines(detail: RunDetail) -> list[StepLine]:
    """Return a line for each step, in an order in which they could run."""
    return [
        _line(node, [one for one in detail.tasks if one.task.node == node.name])
        for node in detail.run.graph.nodes
    ]


def ended_otherwise(lines: Sequence[StepLine]) -> list[tuple[TaskStatus, int]]:
    """Count the steps that came to an end without having succeeded, the worst first."""
    counts = Counter(line.status for line in lines)
    return [(status, counts[status]) for status in _NOT_SUCCEEDED if counts[status]]


def progress_mark(detail: RunDetail) -> str:
    """Return a text that changes with everything a reader of the run can see."""
    return ";".join([detail.run.status, str(detail.run.cancelled), *_marks(detail.tasks)])


def _marks(tasks: Sequence[TaskRecord]) -> Iterator[str]:
    for one in tasks:
        yield f"{one.task.node}/{one.task.item}:{one.state.status.value}:{one.executions}:{one.cache}"


def _line(node: Node, tasks: Sequence[TaskRecord]) -> StepLine:
    after = tuple(dict.fromkeys(reads_from(node)))
    if not tasks:
        return StepLine(name=node.name, status=TaskStatus.WAITING, after=after)
    started = [one.started_at for one in tasks if one.started_at]
    finished = [one.finished_at for one in tasks if one.finished_at]
    status = _loudest([one.state for one in tasks])
    return StepLine(
        name=node.name,
        status=status,
        after=after,
        executions=sum(one.executions for one in tasks),
        cache=_cache(tasks),
        why=tuple(dict.fromkeys(reason for one in tasks for reason in one.why)),
        started_at=min(started, default=None),
        finished_at=max(finished, default=None) if len(finished) == len(tasks) else None,
        error=next((one.state.error for one in tasks if one.state.error), None),
        items=tuple(Counter(one.state.status for one in tasks).items()) if node.over else (),
    )


def _loudest(states: Sequence[TaskState]) -> TaskStatus:
    return min((state.status for state in states), key=_LOUDEST.index)


def _cache(tasks: Sequence[TaskRecord]) -> str:
    """Return what the cache said of all tasks, or "some" when it had the results of a part of them."""
    said = {one.cache for one in tasks}
    return said.pop() if len(said) == 1 else ("some" if "hit" in said else "miss")
