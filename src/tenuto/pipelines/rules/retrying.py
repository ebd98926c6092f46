"""What an outcome makes of a task: done, tried again later, or given up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from tenuto.core.graph import StepOptions
from tenuto.pipelines.errors import NO_SPACE
from tenuto.pipelines.words import ItemOutcome, Status, StepError, TaskId, TaskState, TaskStatus

MOST_LOSSES = 8
LONGEST_DELAY = 3600.0
_LOSS_DELAY = 0.5
_LONGEST_LOSS_DELAY = 30.0


def started(where: TaskState, chunk: int | None = None) -> TaskState:
    return msgspec.structs.replace(where, status=TaskStatus.RUNNING, retry_at=None, chunk=chunk)


def written_off(running: Mapping[TaskId, TaskState]) -> dict[TaskId, ItemOutcome]:
    """Return what became of tasks whose worker died.

    Items that share a process run one after the other: the first of them without a result was under way, and as
    far as the journal can know the turn of the others had not come.
    """
    under_way: dict[tuple[str, int | None], TaskId] = {}
    for task in sorted(running):
        under_way.setdefault((task.node, running[task].chunk), task)
    lost = set(under_way.values())
    return {task: ItemOutcome(task.item, Status.LOST if task in lost else Status.NOT_RUN) for task in running}


def settled(
    task: TaskId, where: TaskState, outcome: ItemOutcome, options: StepOptions, now: datetime
) -> TaskState:
    """Return where the task stands after an attempt at it.

    A failure counts against the step's ``retries``. A loss says nothing about the step (its process or its
    worker was killed, the disk was full) and has a budget of its own, so that a step that kills its process
    ends too.
    """
    where = msgspec.structs.replace(where, chunk=None)
    if outcome.status is Status.SUCCEEDED:
        return TaskState(TaskStatus.SUCCEEDED, where.failures, where.losses, outputs=outcome.outputs)
    if outcome.status is Status.CANCELLED:
        return _ended(where, TaskStatus.CANCELLED, outcome.error)
    if outcome.status is Status.NOT_RUN:
        return _ended(where, TaskStatus.WAITING, where.error)
    if outcome.status is Status.LOST:
        return _lost(task, where, outcome.error, now)
    return _failed(task, where, outcome.error, options, now)


def retry_delay(options: StepOptions, failures: int) -> float:
    """Return the seconds to wait after so many failures: doubled each time, an hour at most."""
    return float(min(options.retry_delay * 2 ** (failures - 1), LONGEST_DELAY))


def _failed(
    task: TaskId, where: TaskState, error: StepError | None, options: StepOptions, now: datetime
) -> TaskState:
    if error is not None and error.type == NO_SPACE.code:
        return _lost(task, where, error, now)
    counted = msgspec.structs.replace(where, failures=where.failures + 1)
    helps = error is None or error.retryable
    if not helps or counted.failures > options.retries:
        return _ended(counted, TaskStatus.FAILED, error)
    return _again(task, counted, error, now, retry_delay(options, counted.failures))


def _lost(task: TaskId, where: TaskState, error: StepError | None, now: datetime) -> TaskState:
    counted = msgspec.structs.replace(where, losses=where.losses + 1)
    if counted.losses > MOST_LOSSES:
        return _ended(counted, TaskStatus.FAILED, error)
    delay = 0.0 if counted.losses == 1 else min(_LOSS_DELAY * 2 ** (counted.losses - 2), _LONGEST_LOSS_DELAY)
    return _again(task, counted, error, now, delay)


def _again(task: TaskId, where: TaskState, error: StepError | None, now: datetime, delay: float) -> TaskState:
    attempt = f"{task.node}/{task.item}/{where.failures}/{where.losses}"
    spread = (
        1 - hashlib.sha256(attempt.encode()).digest()[0] / 1024
    )  # items that fail together come back apart
    at = now + timedelta(seconds=delay * spread)
    return msgspec.structs.replace(where, status=TaskStatus.RETRYING, retry_at=at, error=error)


def _ended(where: TaskState, status: TaskStatus, error: StepError | None) -> TaskState:
    return msgspec.structs.replace(where, status=status, retry_at=None, error=error)
