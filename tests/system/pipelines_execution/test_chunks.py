"""Items of a map that share a process: each is told as it ends, and only what did not end has to run again."""

from __future__ import annotations

import os
import signal

import msgspec
import pytest

from support.step_bench import StepBench
from tenuto.core.value_types import Kind, ValueType, list_of
from tenuto.pipelines.rules.progress import chunks
from tenuto.pipelines.values.lists import joined
from tenuto.pipelines.values.storing import load
from tenuto.pipelines.words import ItemOutcome, Status, TaskId

pytestmark = pytest.mark.system

INT = ValueType(Kind.INT)

WORK = """
    import os, sys, time

    def step(x):
        print(os.getpid(), x, flush=True)
        if x == "fail":
            raise ValueError("bad item")
        if x == "hang":
            time.sleep(60)
        return x
"""


@pytest.fixture
def work(bench: StepBench) -> StepBench:
    bench.write(WORK)
    return bench


def statuses(items: tuple[ItemOutcome, ...]) -> str:
    return " ".join(item.status.value for item in items)


@pytest.mark.capability("O1")
def test_items_of_a_chunk_share_a_process_and_are_told_one_by_one(work: StepBench) -> None:
    attempt = work.attempt(over=[10, 11, 12])
    outcome = work.run(attempt)
    assert [work.value(item) for item in outcome.items] == [10, 11, 12]
    assert [item.index for item in work.told] == [0, 1, 2]
    assert outcome.items == tuple(work.told)
    assert len({line.split()[0] for line in work.printed(attempt)}) == 1


def test_an_item_that_fails_leaves_the_others_alone(work: StepBench) -> None:
    outcome = work.run(work.attempt(over=[0, "fail", 2]))
    assert statuses(outcome.items) == "succeeded failed succeeded"
    assert outcome.status is Status.FAILED
    assert outcome.items[1].error is not None
    assert outcome.items[1].error.message == "bad item"


def test_the_timeout_holds_for_each_item(work: StepBench) -> None:
    attempt = work.attempt(over=[0, 1, "hang", 3, 4], more={"timeout": 1.0})
    outcome = work.run(attempt)
    assert statuses(outcome.items) == "succeeded succeeded timed_out not_run not_run"
    assert len(work.told) == 2


@pytest.mark.capability("O2")
def test_a_killed_chunk_loses_the_item_it_was_at_and_no_other(work: StepBench) -> None:
    running = work.start(work.attempt(over=[0, "hang", 2]))
    process = int(work.mark(running.attempt).split()[0])
    while len(work.printed(running.attempt)) < 2:
        pass
    os.kill(process, signal.SIGKILL)
    outcome = running.outcome()
    assert statuses(outcome.items) == "succeeded lost not_run"
    rest = msgspec.structs.replace(running.attempt, items=running.attempt.items[2:])
    assert statuses(work.run(rest).items) == "succeeded"


def test_a_cancelled_chunk_keeps_what_was_done(work: StepBench) -> None:
    running = work.start(work.attempt(over=[0, "hang", 2]))
    while len(work.told) < 1:
        pass
    assert work.executor.cancel(running.attempt.attempt_id)
    assert statuses(running.outcome().items) == "succeeded cancelled cancelled"


def test_a_module_that_kills_its_process_counts_against_one_item(bench: StepBench) -> None:
    bench.write("import os\nos.kill(os.getpid(), 9)\n\ndef step(x): ...")
    assert statuses(bench.run(bench.attempt(over=[0, 1, 2])).items) == "lost not_run not_run"


@pytest.mark.capability("O1")
def test_a_thousand_items_in_chunks_are_joined_in_order(bench: StepBench) -> None:
    bench.write("def step(x):\n    return x * x")
    whole = bench.attempt(over=list(range(1000)), out=INT)
    items = {item.index: item for item in whole.items}
    running = []
    for chunk in chunks([TaskId("each", index) for index in range(1000)], 2):
        chosen = tuple(items[task.item] for task in chunk)
        part = msgspec.structs.replace(whole, items=chosen, attempt_id=f"chunk-{chunk[0].item}")
        running.append(bench.start(part))
    outcomes = [one.outcome() for one in running]
    assert len(bench.told) == 1000
    parts = [item.outputs["result"] for outcome in outcomes for item in outcome.items]
    assert load(joined(parts, INT), list_of(INT), {}, bench.folder) == [number**2 for number in range(1000)]
