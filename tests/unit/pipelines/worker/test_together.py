"""Several runs on one worker: none waits for another, and together they take no more than there is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from support.pipeline_graphs import graph, mapping, node
from support.pipeline_host import PipelineHost, WorkerThread
from support.simulated_executor import SimulatedExecutor, total
from support.step_bench import wait_until
from tenuto.core.graph import StepOptions
from tenuto.pipelines.worker.slots import Slots

pytestmark = pytest.mark.capability("O2")
ONE = graph(node("one", "$size", options=StepOptions(cache=False)), results=("one",))


def mapped(count: int) -> dict[str, Any]:
    return {"work:items": lambda: list(range(count)), "work:total": total}


def test_a_long_run_does_not_keep_others_waiting(host: PipelineHost) -> None:
    """The long one has all slots; whoever comes later ends before it all the same."""
    let_go = threading.Event()

    def each(x0: int, x1: int) -> int:
        assert let_go.wait(30)
        return x0 * x1

    executor = SimulatedExecutor(mapped(8) | {"work:each": each, "work:one": lambda x0: x0 + 1})
    long = host.submit(mapping(), size=2)
    with WorkerThread(host.tools(executor, slots=2)):
        wait_until(lambda: executor.times("work:each") == 2, "the long run has all slots")
        short = [host.submit(ONE, size=size) for size in (1, 2, 3)]
        wait_until(lambda: all(host.status(run) == "succeeded" for run in short), "the short ones end")
        assert host.status(long) == "running"
        let_go.set()
        wait_until(lambda: host.status(long) == "succeeded", "the long one ends")
    assert host.result(long, "total") == 56


def test_no_more_runs_are_driven_than_the_worker_may(host: PipelineHost) -> None:
    meeting = threading.Barrier(2, timeout=30)
    most = [0]
    inside = threading.Semaphore(0)

    def one(x0: int) -> int:
        inside.release()
        most[0] = max(most[0], sum(host.status(run) == "running" for run in runs))
        meeting.wait()
        return x0

    runs = [host.submit(ONE, size=size) for size in range(1, 5)]
    with WorkerThread(host.tools(SimulatedExecutor({"work:one": one}), runs=2)):
        wait_until(lambda: all(host.status(run) == "succeeded" for run in runs), "all end")
    assert most == [2]


def test_each_run_keeps_a_lease_of_its_own(host: PipelineHost) -> None:
    """One of two is cancelled; the other does not notice."""
    let_go = threading.Event()
    executor = SimulatedExecutor({})

    def one(x0: int) -> int:
        attempt = [one.attempt_id for one in executor.attempts if one.inputs["x0"].text == str(x0)][-1]
        while not let_go.is_set() and not executor.cancelled[attempt].wait(0.01):
            pass
        return x0

    executor.functions = {"work:one": one}
    kept, cancelled = host.submit(ONE, size=1), host.submit(ONE, size=2)
    with WorkerThread(host.tools(executor, lease_seconds=0.6)):
        wait_until(lambda: executor.times("work:one") == 2, "both are under way")
        host.cancel(cancelled)
        wait_until(lambda: host.status(cancelled) not in {"queued", "running"}, "the one ends")
        assert host.status(kept) == "running"
        let_go.set()
        wait_until(lambda: host.status(kept) == "succeeded", "the other ends")
    assert host.tasks(kept)["one"].executions == 1


def test_a_defect_in_one_run_is_none_of_the_others(host: PipelineHost) -> None:
    both = threading.Barrier(2, timeout=30)

    def one(x0: int) -> Any:
        both.wait()
        return {"result": None} if x0 == 1 else x0

    broken, whole = host.submit(ONE, size=1), host.submit(ONE, size=2)
    with WorkerThread(host.tools(SimulatedExecutor({"work:one": one}))):
        ended = {"failed", "succeeded"}
        wait_until(lambda: {host.status(broken), host.status(whole)} <= ended, "both end")
    assert (host.status(broken), host.status(whole)) == ("failed", "succeeded")


def test_slots_are_shared_and_everybody_gets_one() -> None:
    slots = Slots(3)
    assert slots.take("a", 5) == 3
    assert slots.take("b", 5) == 1  # although none is left
    assert slots.take("b", 5) == slots.take("a", 5) == 0
    slots.give_back("a")
    assert slots.take("b", 5) == 0  # one more than there are is still taken
    slots.give_back("a")
    assert slots.take("b", 5) == 1
    slots.end("a")
    slots.give_back("a")  # an attempt of a run that has ended
    assert slots.take("c", 5) == 1
    assert slots.take("c", 0) == 0
