"""The steps of a run as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.pipeline_graphs import node
from tenuto.core.graph import Graph
from tenuto.core.words import Actor, ActorKind
from tenuto.pipelines.records import RunDetail, RunRecord, TaskRecord
from tenuto.pipelines.words import StepError, TaskId, TaskState, TaskStatus
from tenuto.web.pages.runs.steps import ended_otherwise, progress_mark, step_lines

BEGUN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LATER = BEGUN + timedelta(seconds=90)


def _detail(graph: Graph, *tasks: TaskRecord, status: str = "running") -> RunDetail:
    run = RunRecord(
        id="r1",
        workspace="w1",
        pipeline="p",
        graph=graph,
        code="sha256:0",
        parameters={},
        seed=0,
        status=status,
        cancelled=False,
        actor=Actor(ActorKind.PERSON, "a", "Ann"),
        authors=["a"],
        created_at=BEGUN,
    )
    return RunDetail(run, list(tasks), {})


def _task(name: str, status: TaskStatus, item: int | None = None, **more: object) -> TaskRecord:
    return TaskRecord(task=TaskId(name, item), state=TaskState(status), **more)  # type: ignore[arg-type]


CHAIN = Graph("p", (node("load", 1), node("train", "load")))


def test_a_step_that_nobody_reached_waits_for_those_before_it() -> None:
    load, train = step_lines(
        _detail(CHAIN, _task("load", TaskStatus.RUNNING, executions=1, started_at=BEGUN))
    )
    assert (load.status, load.executions, load.seconds(LATER)) == (TaskStatus.RUNNING, 1, 90.0)
    assert (train.status, train.after, train.seconds(LATER)) == (TaskStatus.WAITING, ("load",), None)


def test_a_finished_step_no_longer_takes_time() -> None:
    done = _task("load", TaskStatus.SUCCEEDED, started_at=BEGUN, finished_at=BEGUN + timedelta(seconds=2))
    assert step_lines(_detail(CHAIN, done))[0].seconds(LATER) == 2.0


def test_a_step_with_items_says_its_loudest_state_and_counts_them() -> None:
    mapped = Graph("p", (node("load", 1), node("score", "load", over=0)))
    items = [
        _task(
            "score", TaskStatus.SUCCEEDED, 0, executions=1, cache="hit", finished_at=LATER, started_at=BEGUN
        ),
        _task("score", TaskStatus.SUCCEEDED, 1, executions=1, cache="miss", why=["its input changed"]),
        _task("score", TaskStatus.FAILED, 2, executions=3, cache="miss", why=["its input changed"]),
    ]
    line = step_lines(_detail(mapped, *items))[1]
    assert line.status is TaskStatus.FAILED
    assert line.executions == 5
    assert line.cache == "some"
    assert line.why == ("its input changed",)
    assert dict(line.items) == {TaskStatus.SUCCEEDED: 2, TaskStatus.FAILED: 1}
    assert line.finished_at is None


def test_what_went_wrong_is_on_the_line() -> None:
    error = StepError("ValueError", "no rows")
    failed = TaskRecord(task=TaskId("load"), state=TaskState(TaskStatus.FAILED, error=error))
    assert step_lines(_detail(CHAIN, failed))[0].error == error


def test_the_mark_moves_with_everything_that_is_shown() -> None:
    running = _task("load", TaskStatus.RUNNING, executions=1)
    again = _task("load", TaskStatus.RUNNING, executions=2)
    done = _task("load", TaskStatus.SUCCEEDED, executions=2)
    marks = {progress_mark(_detail(CHAIN, task)) for task in (running, again, done)}
    marks.add(progress_mark(_detail(CHAIN, done, status="succeeded")))
    assert len(marks) == 4
    assert progress_mark(_detail(CHAIN, done)) == progress_mark(_detail(CHAIN, done))


def test_what_ended_without_success_is_counted_apart() -> None:
    graph = Graph(
        "p", (node("load", 1), node("train", "load"), node("score", "train"), node("tell", "score"))
    )
    states = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.BLOCKED, TaskStatus.BLOCKED)
    names = ("load", "train", "score", "tell")
    ended = [_task(name, state, finished_at=LATER) for name, state in zip(names, states, strict=True)]
    lines = step_lines(_detail(graph, *ended, status="failed"))
    assert ended_otherwise(lines) == [(TaskStatus.FAILED, 1), (TaskStatus.BLOCKED, 2)]
    assert ended_otherwise(step_lines(_detail(graph, ended[0]))) == []
