"""What is journalled, in which order, and what the journal says afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from support.pipeline_graphs import graph, mapping, node, when
from support.pipeline_host import PipelineHost
from support.simulated_executor import Ended, SimulatedExecutor, total
from tenuto.core.graph import Comparison, Graph, StepOptions
from tenuto.core.words import Scope, system_actor
from tenuto.pipelines import queries
from tenuto.pipelines.rules.inputs import MOST_ITEMS
from tenuto.pipelines.words import Status, TaskId, TaskState, TaskStatus
from tenuto.pipelines.worker.journal import Journal
from tenuto.pipelines.worker.loop import Worker
from tenuto.pipelines.worker.tools import POINTS
from tenuto.store.database import Role

pytestmark = pytest.mark.capability("O2")


def add(**given: int) -> int:
    return sum(given.values()) + 1


def diamond(**options: Any) -> Graph:
    """Two steps in a row, one on a condition that does not hold, one that is blocked by nothing."""
    return graph(
        node("one", "$size", options=StepOptions(**options)),
        node("two", "one"),
        node("three", "two", conditions=(when("two", Comparison.MORE_THAN, 100),)),
        results=("two",),
    )


FUNCTIONS: dict[str, Any] = {"work:one": add, "work:two": add, "work:three": add}


def test_each_transition_is_passed_before_and_after_its_commit(host: PipelineHost) -> None:
    passed: list[str] = []
    run = host.submit(diamond(), size=3)
    assert Worker(host.tools(SimulatedExecutor(FUNCTIONS), passing=passed.append)).once()
    assert passed == [
        *("claiming", "claimed"),
        *("starting", "started"),
        *("settling", "starting", "settled", "started"),  # what ends and what follows are one transaction
        *("settling", "changing", "finishing", "settled", "changed", "finished"),
    ]
    assert set(passed) <= set(POINTS)
    assert host.status(run) == "succeeded"
    assert host.result(run, "two") == 5
    statuses = {name: task.state.status for name, task in host.tasks(run).items()}
    assert statuses == {
        "one": TaskStatus.SUCCEEDED,
        "two": TaskStatus.SUCCEEDED,
        "three": TaskStatus.SKIPPED,
    }
    assert all(task.finished_at is not None for task in host.tasks(run).values())


def test_what_has_ended_is_journalled_whatever_comes_next(host: PipelineHost) -> None:
    """The end of the first step and the start of the second are one transaction, which cannot be written."""
    run = host.submit(diamond(), size=3)
    executor = SimulatedExecutor(FUNCTIONS)

    def trouble(point: str) -> None:
        if point == "starting" and executor.times("work:one"):
            raise OSError("the disk does not answer")

    Worker(host.tools(executor, passing=trouble)).once()
    tasks = host.tasks(run)
    assert (tasks["one"].state.status, tasks["one"].executions) == (TaskStatus.SUCCEEDED, 1)
    assert "two" not in tasks
    assert host.status(run) == "running"


def test_transitions_made_together_all_count_or_none(host: PipelineHost) -> None:
    run = host.submit(diamond(), size=3)
    tools = host.tools(SimulatedExecutor(FUNCTIONS))
    with host.desk.database.begin(Scope(system_actor("worker")), Role.SYSTEM) as tx:
        held = queries.claim(tx, "worker", 60.0)
    assert held is not None
    journal = Journal(tools, held)
    skipped = TaskState(TaskStatus.SKIPPED)
    journal.change({TaskId("one"): TaskState(TaskStatus.FAILED)})
    before = journal.state, host.tasks(run)
    with pytest.raises(ZeroDivisionError), journal.together():  # noqa: PT012 (the last of three breaks them all)
        journal.change({TaskId("one"): skipped, TaskId("two"): skipped})
        journal.expand("three", [])
        raise ZeroDivisionError
    assert (journal.state, host.tasks(run)) == before
    assert set(journal.state.tasks) == {TaskId("one")}
    journal.change({TaskId("two"): skipped})
    assert host.tasks(run)["two"].state == skipped


def test_what_is_begun_is_in_the_journal_already(host: PipelineHost) -> None:
    seen: list[tuple[TaskStatus, int]] = []

    def look(**given: int) -> int:
        found = host.tasks(run)["one"]
        seen.append((found.state.status, found.executions))
        return add(**given)

    run = host.submit(diamond(), size=3)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS | {"work:one": look}))).once()
    assert seen == [(TaskStatus.RUNNING, 1)]


def test_nothing_is_begun_without_the_journal_however_many_wait(host: PipelineHost) -> None:
    """A map that fills every slot, and beside it steps that become ready while its items wait."""
    seen: list[tuple[str, TaskStatus]] = []

    def look(name: str) -> None:
        seen.append((name, host.tasks(run)[name].state.status))

    def each(x0: int, x1: int) -> int:
        look(f"each/{x0}")
        return x0 * x1

    def side(name: str) -> Any:
        def step(x0: int) -> int:
            look(name)
            return x0

        return step

    flow = mapping()
    beside = [node("one", "$size"), node("two", "one"), node("three", "two")]
    functions = {"work:items": lambda: list(range(12)), "work:each": each, "work:total": total}
    functions |= {f"work:{one.name}": side(one.name) for one in beside}
    run = host.submit(graph(*beside, *flow.nodes, results=("total", "three")), size=2)
    Worker(host.tools(SimulatedExecutor(functions), slots=1)).once()
    assert host.status(run) == "succeeded"
    assert len(seen) == 15
    assert {status for _, status in seen} == {TaskStatus.RUNNING}
    assert all(task.executions == 1 for task in host.tasks(run).values())


def test_the_items_of_a_map_are_journalled_before_any_of_them(host: PipelineHost) -> None:
    rows: list[int] = []

    def each(x0: int, x1: int) -> int:
        rows.append(len(host.rows(sa.text("select 1 from run_expansion where run_id = :run"), run=run)))
        return x0 * x1

    functions = {"work:items": lambda: [1, 2, 3, 4, 5], "work:each": each, "work:total": total}
    executor = SimulatedExecutor(functions)
    run = host.submit(mapping(), size=2)
    Worker(host.tools(executor)).once()
    assert rows == [1] * 5
    assert host.result(run, "total") == 30
    assert [given for step, given in executor.calls if step == "work:total"] == [{"x0": [2, 4, 6, 8, 10]}]


def test_an_empty_map_joins_to_an_empty_list(host: PipelineHost) -> None:
    functions = {"work:items": list, "work:total": total}
    run = host.submit(mapping())
    Worker(host.tools(SimulatedExecutor(functions))).once()
    assert (host.status(run), host.result(run, "total")) == ("succeeded", 0)


def test_a_map_whose_item_fails_blocks_what_joins_it(host: PipelineHost) -> None:
    def each(x0: int, x1: int) -> int:
        if x0 == 2:
            raise ValueError("not two")
        return x0 * x1

    functions = {"work:items": lambda: [1, 2, 3], "work:each": each}
    run = host.submit(mapping(), size=2)
    Worker(host.tools(SimulatedExecutor(functions))).once()
    tasks = host.tasks(run)
    assert host.status(run) == "failed"
    assert tasks["each/1"].state.status is TaskStatus.FAILED
    assert (tasks["each/1"].state.failures, tasks["each/1"].executions) == (2, 2)  # one retry
    assert tasks["each/0"].state.status is tasks["each/2"].state.status is TaskStatus.SUCCEEDED
    assert tasks["total"].state.status is TaskStatus.BLOCKED


def test_a_list_that_cannot_be_mapped_fails_its_node_with_the_reason(host: PipelineHost) -> None:
    run = host.submit(mapping(), size=2)
    Worker(host.tools(SimulatedExecutor({"work:items": lambda: list(range(MOST_ITEMS + 1))}))).once()
    found = host.tasks(run)["each"].state
    assert found.status is TaskStatus.FAILED
    assert found.error is not None
    assert f"would run {MOST_ITEMS + 1} times" in found.error.message
    assert host.status(run) == "failed"


def test_code_that_is_not_there_fails_its_step_with_the_reason(host: PipelineHost) -> None:
    run = host.submit(diamond(files=("data/*.csv",)), size=3)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    found = host.tasks(run)["one"].state
    assert found.error is not None
    assert found.error.type == "pipelines.code_not_found"
    assert host.status(run) == "failed"


def test_retries_end_when_one_succeeds(host: PipelineHost) -> None:
    left = [ValueError("once"), ValueError("twice")]

    def flaky(x0: int) -> int:
        if left:
            raise left.pop()
        return x0

    run = host.submit(diamond(retries=2, retry_delay=0.01), size=3)
    executor = SimulatedExecutor(FUNCTIONS | {"work:one": flaky})
    Worker(host.tools(executor)).once()
    found = host.tasks(run)["one"]
    assert host.status(run) == "succeeded"
    assert (found.state.failures, found.executions, executor.times("work:one")) == (2, 3, 3)


@pytest.mark.parametrize(("status", "failures", "losses"), [(Status.TIMED_OUT, 1, 0), (Status.LOST, 0, 1)])
def test_other_ends_than_failures_are_told_apart(
    host: PipelineHost, status: Status, failures: int, losses: int
) -> None:
    left = [Ended(status)]

    def slow(x0: int) -> int:
        if left:
            raise left.pop()
        return x0

    run = host.submit(diamond(retries=1, retry_delay=0.01), size=3)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS | {"work:one": slow}))).once()
    found = host.tasks(run)["one"]
    assert (host.status(run), found.state.failures, found.state.losses) == ("succeeded", failures, losses)


def test_a_failure_that_no_retry_helps_is_not_tried_again(host: PipelineHost) -> None:
    class NeverError(Exception):
        retryable = False

    def never(x0: int) -> int:
        raise NeverError(str(x0))

    executor = SimulatedExecutor(FUNCTIONS | {"work:one": never})
    run = host.submit(diamond(retries=3), size=3)
    Worker(host.tools(executor)).once()
    assert (host.status(run), executor.times("work:one")) == ("failed", 1)


def test_start_and_end_leave_an_audit_record_and_an_event(host: PipelineHost) -> None:
    run = host.submit(diamond(), size=3)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    events = host.rows(sa.text("select type from outbox_event where subject = :run order by seq"), run=run)
    assert [row.type for row in events] == ["run.submitted", "run.finished"]
    actions = host.rows(sa.text("select action from audit_record where resource_id = :run"), run=run)
    assert sorted(row.action for row in actions) == ["pipelines:run:finish", "pipelines:run:submit"]
