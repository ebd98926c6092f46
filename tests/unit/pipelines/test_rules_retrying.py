from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.pipeline_graphs import number
from tenuto.core.graph import StepOptions
from tenuto.pipelines.errors import NO_SPACE
from tenuto.pipelines.rules.retrying import (
    LONGEST_DELAY,
    MOST_LOSSES,
    retry_delay,
    settled,
    started,
    written_off,
)
from tenuto.pipelines.words import ItemOutcome, Status, StepError, TaskId, TaskState, TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TASK = TaskId("train")
TWICE = StepOptions(retries=2, retry_delay=4.0)
RUNNING = TaskState(TaskStatus.RUNNING)
ERROR = StepError("ValueError", "no")


def after(
    where: TaskState, status: Status, *, error: StepError | None = ERROR, task: TaskId = TASK
) -> TaskState:
    return settled(task, where, ItemOutcome(None, status, error=error), TWICE, NOW)


def test_success_keeps_the_outputs_and_how_often_it_was_tried() -> None:
    where = TaskState(TaskStatus.RUNNING, failures=1, losses=2, error=ERROR)
    outcome = ItemOutcome(None, Status.SUCCEEDED, outputs={"result": number(1)})
    assert settled(TASK, where, outcome, TWICE, NOW) == TaskState(
        TaskStatus.SUCCEEDED, 1, 2, outputs={"result": number(1)}
    )


@pytest.mark.capability("O1")
@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT])
def test_a_failure_is_tried_again_with_growing_delay_until_the_retries_are_used(status: Status) -> None:
    where, delays = RUNNING, []
    for _ in range(2):
        where = after(where, status)
        assert where.status is TaskStatus.RETRYING
        assert where.error == ERROR
        assert where.retry_at is not None
        delays.append((where.retry_at - NOW).total_seconds())
        where = started(where)
        assert where.status is TaskStatus.RUNNING
        assert where.retry_at is None
    assert 3 <= delays[0] <= 4
    assert 6 <= delays[1] <= 8
    assert after(where, status) == TaskState(TaskStatus.FAILED, failures=3, error=ERROR)


def test_an_error_that_no_retry_helps_ends_at_once() -> None:
    hopeless = StepError("ImportError", "no", retryable=False)
    assert after(RUNNING, Status.FAILED, error=hopeless).status is TaskStatus.FAILED


@pytest.mark.capability("O2")
def test_a_loss_uses_no_retry_and_has_a_budget_of_its_own() -> None:
    where = after(RUNNING, Status.LOST, error=None)
    assert where == TaskState(TaskStatus.RETRYING, losses=1, retry_at=NOW)
    for count in range(2, MOST_LOSSES + 1):
        where = after(started(where), Status.LOST, error=None)
        assert (where.status, where.losses, where.failures) == (TaskStatus.RETRYING, count, 0)
        assert where.retry_at is not None
        assert NOW < where.retry_at <= NOW + timedelta(seconds=30)
    assert after(started(where), Status.LOST).status is TaskStatus.FAILED


def test_a_full_disk_says_nothing_about_the_step() -> None:
    full = StepError(NO_SPACE.code, "No space left on device")
    assert after(RUNNING, Status.FAILED, error=full) == TaskState(
        TaskStatus.RETRYING, losses=1, retry_at=NOW, error=full
    )


def test_items_that_were_not_reached_wait_as_before() -> None:
    where = TaskState(TaskStatus.RUNNING, failures=1, losses=1, error=ERROR)
    assert after(where, Status.NOT_RUN, error=None) == TaskState(TaskStatus.WAITING, 1, 1, error=ERROR)


def test_a_cancelled_task_is_cancelled() -> None:
    assert after(RUNNING, Status.CANCELLED, error=None) == TaskState(TaskStatus.CANCELLED)


def test_delays_double_up_to_an_hour() -> None:
    assert [retry_delay(TWICE, count) for count in (1, 2, 3)] == [4.0, 8.0, 16.0]
    assert retry_delay(StepOptions(retries=20, retry_delay=60.0), 20) == LONGEST_DELAY
    assert retry_delay(StepOptions(retries=1, retry_delay=0.0), 1) == 0


def test_items_that_fail_together_come_back_apart() -> None:
    times = {after(RUNNING, Status.FAILED, task=TaskId("train", index)).retry_at for index in range(10)}
    assert len(times) > 5


@pytest.mark.capability("O2")
def test_of_items_that_share_a_dead_process_only_one_was_under_way() -> None:
    """Two chunks of a map, the first with two items done, and a step of its own."""
    chunks = {TaskId("each", item): 0 if item < 5 else 5 for item in (2, 3, 4, 5, 6)}
    running: dict[TaskId, TaskState] = {task: started(TaskState(), chunk) for task, chunk in chunks.items()}
    running[TaskId("alone")] = started(TaskState())
    told = {task: outcome.status for task, outcome in written_off(running).items()}
    lost = {TaskId("each", 2), TaskId("each", 5), TaskId("alone")}
    assert told == {task: Status.LOST if task in lost else Status.NOT_RUN for task in running}


@pytest.mark.capability("O2")
def test_what_has_ended_shares_no_process_any_more() -> None:
    where = started(TaskState(), 7)
    for status in Status:
        assert after(where, status).chunk is None
