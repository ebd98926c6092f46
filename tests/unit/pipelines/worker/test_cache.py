"""When a result is taken instead of made again, and what the journal says why."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from support.pipeline_graphs import INT, graph, mapping, node
from support.pipeline_host import PipelineHost
from support.simulated_executor import SimulatedExecutor, total
from tenuto.core.graph import Graph, StepOptions
from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.worker.loop import Worker

pytestmark = pytest.mark.capability("C3")
TEXT = ValueType(Kind.TEXT)


def one(out: ValueType = INT, **options: object) -> Graph:
    made = node("one", "$size", out=out, options=StepOptions(**options))  # type: ignore[arg-type]
    return graph(made, results=("one",))


def once(
    host: PipelineHost, flow: Graph, executor: SimulatedExecutor, **parameters: int
) -> tuple[str, list[str]]:
    run = host.submit(flow, **parameters)
    Worker(host.tools(executor)).once()
    assert host.status(run) == "succeeded"
    found = host.tasks(run)["one"]
    return found.cache, found.why


def test_hit_miss_and_off_with_their_reasons(host: PipelineHost) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: x0})
    assert once(host, one(), executor, size=3) == (
        "miss",
        ["this step has not run in this workspace before"],
    )
    assert once(host, one(), executor, size=3) == (
        "hit",
        ["the same code, inputs, parameters and environment ran before"],
    )
    assert once(host, one(), executor, size=4) == ("miss", ["parameter `x0` changed"])
    assert once(host, one(version="2"), executor, size=4) == ("miss", ["version changed"])
    host.code = host.upload({"work.py": "# changed"})
    assert once(host, one(version="2"), executor, size=4) == ("miss", ["code changed"])
    assert executor.times("work:one") == 4


def test_a_hit_is_no_execution(host: PipelineHost) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: x0})
    once(host, one(), executor, size=3)
    run = host.submit(one(), size=3)
    Worker(host.tools(executor)).once()
    found = host.tasks(run)["one"]
    assert (found.executions, found.started_at, host.result(run, "one")) == (0, None, 3)
    assert found.finished_at is not None


def test_a_step_that_is_not_cached_runs_each_time_and_leaves_no_result(host: PipelineHost) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: x0})
    for _ in range(2):
        assert once(host, one(cache=False), executor, size=3) == (
            "off",
            ["its author switched caching off"],
        )
    assert once(host, one(), executor, size=3)[0] == "miss"
    assert executor.times("work:one") == 3


def test_a_result_whose_contents_are_gone_is_made_again(host: PipelineHost) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: "x" * 10_000 * x0})
    once(host, one(TEXT), executor, size=3)
    shutil.rmtree(host.folder / "blobs" / "sha256")
    host.upload({"work.py": ""})
    cache, why = once(host, one(TEXT), executor, size=3)
    assert (cache, why) == ("miss", ["it ran before, but its contents are no longer stored"])
    assert once(host, one(TEXT), executor, size=3)[0] == "hit"


def test_items_of_a_map_are_found_one_by_one(host: PipelineHost) -> None:
    lists = [[1, 2, 3], [2, 3, 4]]
    executor = SimulatedExecutor(
        {
            "work:items": lambda: lists.pop(0),
            "work:each": lambda x0, x1: x0 * x1,
            "work:total": total,
        }
    )
    flow = mapping()
    fresh = msgspec.structs.replace(flow.nodes[0], options=StepOptions(cache=False))
    uncached = graph(fresh, *flow.nodes[1:], results=("total",))
    run = ""
    for _ in range(2):
        run = host.submit(uncached, size=2)
        Worker(host.tools(executor)).once()
    tasks = host.tasks(run)
    assert [tasks[f"each/{index}"].cache for index in range(3)] == ["hit", "hit", "miss"]
    assert host.result(run, "total") == 18
    assert executor.times("work:each") == 4
