"""Who holds a run: two workers at once, one that was frozen, one that is told to stop, cancellation, waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from support.pipeline_graphs import graph, mapping, node
from support.pipeline_host import PipelineHost, WorkerThread
from support.simulated_executor import Ended, SimulatedExecutor, total
from support.step_bench import wait_until
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Graph, StepOptions
from tenuto.core.words import Scope, system_actor
from tenuto.pipelines import queries, use_cases
from tenuto.pipelines.errors import LEASE_LOST, RUN_UNREADABLE, STEP_SERVER_NOT_STARTED
from tenuto.pipelines.records import Held
from tenuto.pipelines.tables import run as table
from tenuto.pipelines.words import RunStatus, Status, TaskStatus
from tenuto.pipelines.worker.journal import Journal
from tenuto.pipelines.worker.loop import Worker
from tenuto.pipelines.worker.results import Result
from tenuto.store.database import Role

pytestmark = pytest.mark.capability("O2")


def two(**options: Any) -> Graph:
    return graph(node("one", "$size", options=StepOptions(**options)), node("two", "one"), results=("two",))


FUNCTIONS: dict[str, Any] = {"work:one": lambda x0: x0 + 1, "work:two": lambda x0: x0 + 1}


def waiting_for(event: threading.Event, executor: SimulatedExecutor) -> Callable[..., int]:
    """A step that goes on when the event is set, and ends when it is cancelled."""

    def step(x0: int) -> int:
        attempt = executor.attempts[-1].attempt_id
        while not event.is_set():
            if executor.cancelled[attempt].wait(0.01):
                raise Ended(Status.CANCELLED)
        return x0 + 1

    return step


def claim(host: PipelineHost, holder: str = "other", seconds: float = 60.0) -> Held | None:
    with host.desk.database.begin(Scope(system_actor("worker")), Role.SYSTEM) as tx:
        return queries.claim(tx, holder, seconds)


def expire(host: PipelineHost) -> None:
    """Let every lease be over, as if its holder had been silent for long enough."""
    with host.desk.database.begin(host.scope, Role.SYSTEM) as tx:
        tx.execute(sa.text("update run set lease_until = tenuto_now() - interval '1 second'"))


def taken_over(host: PipelineHost) -> bool:
    expire(host)
    return Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()


def test_two_workers_at_once_take_different_runs(host: PipelineHost) -> None:
    meeting = threading.Barrier(2, timeout=30)

    def meet(x0: int) -> int:
        meeting.wait()
        return x0

    runs = [host.submit(two(cache=False), size=size) for size in (1, 2)]
    with (
        WorkerThread(host.tools(SimulatedExecutor(FUNCTIONS | {"work:one": meet}))),
        WorkerThread(host.tools(SimulatedExecutor(FUNCTIONS | {"work:one": meet}))),
    ):
        wait_until(lambda: all(host.status(run) == "succeeded" for run in runs), "both runs end")
    assert [host.result(run, "two") for run in runs] == [2, 3]


def test_a_held_run_is_nobody_elses(host: PipelineHost) -> None:
    host.submit(two(), size=1)
    assert claim(host) is not None
    assert claim(host, "third") is None
    expire(host)
    taken = claim(host, "third")
    assert taken is not None
    assert taken.fence == 2


def test_a_worker_frozen_past_its_lease_writes_nothing_when_it_wakes(host: PipelineHost) -> None:
    """The step ends, but before its worker can write that, another one has taken the run over."""
    begun, thawed = threading.Event(), threading.Event()

    def late(x0: int) -> int:
        begun.set()
        assert thawed.wait(30)
        return 1_000 + x0

    executor = SimulatedExecutor(FUNCTIONS | {"work:one": late})
    executor.log = b"a log of the late one\n"
    run = host.submit(two(), size=1)
    with WorkerThread(host.tools(executor)):
        assert begun.wait(30)
        wait_until(lambda: taken_over(host), "another worker takes over")
        before = host.detail(run)
        thawed.set()
        wait_until(lambda: not list((host.folder / "runs").iterdir()), "the late worker tidies up")
    assert host.detail(run) == before
    assert host.result(run, "two") == 3
    assert host.tasks(run)["one"].executions == 2
    assert all("late" not in text for _, text in host.logs(run))


def test_what_a_late_worker_would_write_is_refused(host: PipelineHost) -> None:
    run = host.submit(two(), size=1)
    held = claim(host)
    assert held is not None
    tools = host.tools(SimulatedExecutor(FUNCTIONS))
    kept = Journal(tools, held)
    expire(host)
    assert claim(host, "other") is not None
    before = host.detail(run)
    for late in (
        lambda: kept.change({}),
        lambda: kept.expand("one", []),
        lambda: kept.start({}, []),
        lambda: kept.settle([Result("a", "one", log="late", over=True)]),
        lambda: kept.let_go(0.0),
        lambda: kept.finish(RunStatus.SUCCEEDED),
    ):
        with pytest.raises(TenutoError) as told:
            late()
        assert told.value.fault is LEASE_LOST
    assert host.detail(run) == before


def test_a_renewal_that_comes_late_does_not_take_a_run_back(host: PipelineHost) -> None:
    host.submit(two(), size=1)
    held = claim(host)
    assert held is not None
    with host.desk.database.begin(held.run.scope) as tx:
        queries.let_go(tx, held, 0.0)
    with host.desk.database.begin(held.run.scope) as tx:
        assert queries.renew(tx, held, 60.0) is None
    assert claim(host, "other") is not None


def test_what_another_worker_left_running_is_lost_and_runs_again(host: PipelineHost) -> None:
    run = host.submit(two(), size=1)
    executor = SimulatedExecutor(FUNCTIONS)

    def die(point: str) -> None:
        if point == "started" and executor.times("work:one"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(host.tools(executor, passing=die)).once()
    expire(host)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    tasks = host.tasks(run)
    assert host.status(run) == "succeeded"
    assert (tasks["one"].executions, tasks["two"].executions, tasks["two"].state.losses) == (1, 2, 1)


def test_a_stopped_worker_gives_its_run_back_at_once(host: PipelineHost) -> None:
    executor = SimulatedExecutor(FUNCTIONS)
    executor.functions = FUNCTIONS | {"work:two": waiting_for(threading.Event(), executor)}
    run = host.submit(two(), size=1)
    with WorkerThread(host.tools(executor, lease_seconds=3600.0)):
        wait_until(lambda: executor.times("work:two") == 1, "the second step begins")
    left = host.tasks(run)
    assert left["one"].state.status is TaskStatus.SUCCEEDED
    assert (left["two"].state.status, left["two"].state.losses) == (TaskStatus.WAITING, 0)
    assert Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    assert (host.status(run), host.tasks(run)["one"].executions) == ("succeeded", 1)


@pytest.mark.parametrize("flow", [two(), mapping()], ids=["steps", "map"])
def test_a_cancelled_run_ends_what_runs_and_starts_nothing(host: PipelineHost, flow: Graph) -> None:
    executor = SimulatedExecutor({})
    wait = waiting_for(threading.Event(), executor)
    executor.functions = {
        "work:one": wait,
        "work:items": lambda: list(range(100)),
        "work:each": lambda x0, x1: wait(x0),
    }
    run = host.submit(flow, size=1)
    with WorkerThread(host.tools(executor, lease_seconds=0.3)):
        waited = flow.nodes[0].step if flow.nodes[0].name == "one" else "work:each"
        wait_until(lambda: executor.times(waited) > 0, "something runs")
        host.cancel(run)
        wait_until(lambda: host.status(run) == "cancelled", "the run is cancelled")
    assert executor.times("work:two") == executor.times("work:total") == 0
    assert executor.times("work:each") <= 2  # one for each slot
    final = {task.state.status for task in host.tasks(run).values()}
    assert final <= {TaskStatus.SUCCEEDED, TaskStatus.CANCELLED}


def test_a_waiting_run_is_cancelled_without_having_run(host: PipelineHost) -> None:
    executor = SimulatedExecutor(FUNCTIONS)
    run = host.submit(two(), size=1)
    host.cancel(run)
    assert Worker(host.tools(executor)).once()
    assert (host.status(run), executor.calls) == ("cancelled", [])


def test_a_run_that_has_ended_cannot_be_cancelled(host: PipelineHost) -> None:
    run = host.submit(two(), size=1)
    Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    told = use_cases.cancel(host.desk, host.scope, run_id=run)
    assert (told.status, told.cancelled) == ("succeeded", False)
    assert told.finished_at is not None
    assert told == host.detail(run).run


def test_a_run_that_waits_for_long_is_given_back_until_then(host: PipelineHost) -> None:
    def broken(x0: int) -> int:
        raise ValueError(str(x0))

    run = host.submit(two(retries=1, retry_delay=1800.0), size=1)
    worker = Worker(host.tools(SimulatedExecutor(FUNCTIONS | {"work:one": broken})))
    assert worker.once()
    assert not worker.once()  # nobody has to hold it
    [row] = host.rows(
        sa.text("select holder, extract(epoch from wake_at - tenuto_now()) as left from run where id = :r"),
        r=run,
    )
    assert row.holder is None
    assert 1300 < row.left <= 1800
    host.cancel(run)
    assert worker.once()  # a cancellation does not wait
    assert host.status(run) == "cancelled"


def test_the_database_says_when_a_run_is_to_wake(host: PipelineHost) -> None:
    host.submit(two(), size=1)
    held = claim(host)
    assert held is not None
    with host.desk.database.begin(held.run.scope) as tx:
        queries.let_go(tx, held, 3600.0)
    assert claim(host) is None
    with host.desk.database.begin(Scope(system_actor("worker")), Role.SYSTEM) as tx:
        tx.execute(sa.text("set local tenuto.clock_shift = '61 minutes'"))
        assert queries.claim(tx, "later", 1.0) is not None


def test_trouble_around_steps_is_waited_out(host: PipelineHost) -> None:
    class Shy(SimulatedExecutor):
        refused = 2

        def run(self, attempt: Any, on_item: Any = None) -> Any:
            if self.refused:
                self.refused -= 1
                raise TenutoError(STEP_SERVER_NOT_STARTED, "no memory")
            return super().run(attempt, on_item)

    run = host.submit(two(), size=1)
    Worker(host.tools(Shy(FUNCTIONS))).once()
    assert (host.status(run), host.tasks(run)["one"].state.losses) == ("succeeded", 2)


def test_a_defect_ends_its_run_and_not_the_worker(host: PipelineHost) -> None:
    def defect(point: str) -> None:
        if point == "starting":
            raise ZeroDivisionError

    run, next_run = host.submit(two(), size=1), host.submit(two(), size=2)
    assert Worker(host.tools(SimulatedExecutor(FUNCTIONS), passing=defect)).once()
    assert host.status(run) == "failed"
    [event] = host.rows(
        sa.text("select data from outbox_event where type = 'run.finished' and subject = :run"), run=run
    )
    assert event.data["reason"] == "pipelines.run_stuck: ZeroDivisionError"
    assert Worker(host.tools(SimulatedExecutor(FUNCTIONS))).once()
    assert host.status(next_run) == "succeeded"


@pytest.mark.parametrize("column", ["graph", "parameters", "actor"])
def test_a_run_that_cannot_be_read_is_set_aside_and_says_why(host: PipelineHost, column: str) -> None:
    poisoned, next_run = host.submit(two(), size=1), host.submit(two(), size=2)
    with host.desk.database.begin(host.scope, Role.SYSTEM) as tx:
        tx.execute(sa.update(table).where(table.c.id == poisoned).values({column: [1]}))
    worker = Worker(host.tools(SimulatedExecutor(FUNCTIONS)))
    assert [worker.once() for _ in range(3)] == [True, True, False]
    assert host.status(next_run) == "succeeded"
    assert [one.id for one in use_cases.runs(host.desk, host.scope)] == [next_run, poisoned]
    found = host.detail(poisoned).run
    assert (found.status, found.graph.nodes) == ("failed", ())
    assert found.fault is not None
    assert found.fault.startswith("pipelines.run_unreadable: what is kept of a run cannot be read: ")
    [event] = host.rows(
        sa.text("select data from outbox_event where type = 'run.finished' and subject = :run"), run=poisoned
    )
    assert event.data["reason"] == found.fault


def test_a_task_that_cannot_be_read_ends_its_run(host: PipelineHost) -> None:
    run = host.submit(two(retries=1, retry_delay=1800.0), size=1)
    Worker(host.tools(SimulatedExecutor({}))).once()  # its first step has failed once, and waits
    spoil(host, "update run_task set state = '[1]' where run_id = :run", run)
    spoil(host, "update run set wake_at = null where id = :run", run)
    assert Worker(host.tools(SimulatedExecutor({}))).once()
    [found] = use_cases.runs(host.desk, host.scope)
    assert found.status == "failed"
    assert (found.fault or "").startswith("pipelines.run_unreadable: ")
    with pytest.raises(TenutoError) as told:
        host.detail(run)
    assert told.value.fault is RUN_UNREADABLE


def test_a_kept_result_that_cannot_be_read_is_made_again(host: PipelineHost) -> None:
    executor = SimulatedExecutor(FUNCTIONS)
    first = host.submit(two(), size=1)
    Worker(host.tools(executor)).once()
    spoil(host, "update step_result set outputs = '[1]', key_parts = '[]' where run_id = :run", first)
    again = host.submit(two(), size=1)
    Worker(host.tools(executor)).once()
    assert (host.status(again), executor.times("work:one")) == ("succeeded", 2)


def spoil(host: PipelineHost, statement: str, run: str) -> None:
    with host.desk.database.begin(host.scope, Role.SYSTEM) as tx:
        assert tx.execute(sa.text(statement), {"run": run}).rowcount > 0


def test_what_dead_workers_left_of_ended_runs_is_removed(host: PipelineHost) -> None:
    ended, waiting = host.submit(two(), size=1), host.submit(two(retries=1, retry_delay=3000.0), size=2)
    executor = SimulatedExecutor(FUNCTIONS)
    Worker(host.tools(executor)).once()
    executor.functions = {}  # no step of the second run succeeds
    Worker(host.tools(executor)).once()
    left = [host.folder / "runs" / f"{run}-1" for run in (ended, waiting)]
    for folder in left:
        (folder / "attempts").mkdir(parents=True)
    with WorkerThread(host.tools(executor)):
        wait_until(lambda: not left[0].exists(), "the folder of the run that has ended goes away")
    assert left[1].exists()


def test_a_worker_without_runs_says_so(host: PipelineHost) -> None:
    assert not Worker(host.tools(SimulatedExecutor({}))).once()


def test_a_thousand_items_pass_through_the_journal(host: PipelineHost) -> None:
    functions = {
        "work:items": lambda: list(range(1_000)),
        "work:each": lambda x0, x1: x0 * x1,
        "work:total": total,
    }
    run = host.submit(mapping(), size=2)
    Worker(host.tools(SimulatedExecutor(functions))).once()
    assert host.result(run, "total") == 999_000
    assert sum(task.executions for task in host.tasks(run).values()) == 1_002
