"""What steps leave behind: contents, logs, usage, texts that no database takes, and lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.pipeline_graphs import INT, graph, mapping, node, number
from support.pipeline_host import PipelineHost
from support.simulated_executor import USAGE, SimulatedExecutor, total
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.graph import FromOutput, FromParameter, Graph, Input, Node, Output, Returns
from tenuto.core.value_types import FilePath, Kind, ValueType
from tenuto.pipelines.words import Encoding, ItemOutcome, Status, StoredValue, TaskId, TaskStatus, Usage
from tenuto.pipelines.worker.loop import Worker
from tenuto.pipelines.worker.results import failed, shares, tail, texts_without_nul
from tenuto.pipelines.worker.tools import OWN, Handed
from tenuto.store.errors import DISK_FULL

pytestmark = pytest.mark.capability("O2")
FILE = ValueType(Kind.FILE)
TEXT = ValueType(Kind.TEXT)


def one(out: ValueType = INT, step: str = "work:one") -> Graph:
    made = node("one", "$size", out=out)
    return graph(msgspec.structs.replace(made, step=step), results=("one",))


def run_one(host: PipelineHost, function: Any, out: ValueType = INT) -> str:
    run = host.submit(one(out), size=3)
    Worker(host.tools(SimulatedExecutor({"work:one": function}))).once()
    return run


def test_a_large_result_is_stored_before_it_is_journalled(host: PipelineHost) -> None:
    text = "x" * 100_000
    run = run_one(host, lambda x0: text * x0, TEXT)
    [value] = host.tasks(run)["one"].state.outputs.values()
    assert value.text is None
    assert host.blobs.has(value.digest)
    assert host.result(run, "one") == text * 3


@pytest.mark.parametrize("content", [None, b"something else", "link", "fifo"])
def test_contents_other_than_told_fail_their_step_and_are_not_stored(
    host: PipelineHost, tmp_path: Path, content: bytes | str | None
) -> None:
    digest = digest_of(b"as promised")
    secret = tmp_path / "secret"
    secret.write_bytes(b"as promised")

    def lie(x0: int) -> dict[str, StoredValue]:
        place = Path(executor.attempts[-1].output_folder) / digest.removeprefix("sha256:")
        if content == "link":
            place.symlink_to(secret)
        elif content == "fifo":
            os.mkfifo(place)
        elif isinstance(content, bytes):
            place.write_bytes(content)
        return {"result": StoredValue(FILE, Encoding.FILE, digest, 11)}

    executor = SimulatedExecutor({"work:one": lie})
    run = host.submit(one(FILE), size=3)
    Worker(host.tools(executor)).once()
    found = host.tasks(run)["one"].state
    assert found.status is TaskStatus.FAILED
    assert found.error is not None
    assert found.error.type in {"pipelines.value_missing", "pipelines.value_damaged"}
    assert not host.blobs.has(digest)


def test_one_item_that_lies_does_not_undo_the_others(host: PipelineHost) -> None:
    def each(x0: int, x1: int) -> Any:
        return {"result": number("no number", TEXT)} if x0 == 2 else x0 * x1

    functions = {"work:items": lambda: [1, 2, 3], "work:each": each}
    run = host.submit(mapping(), size=2)
    executor = SimulatedExecutor(functions)
    Worker(host.tools(executor, slots=1)).once()
    tasks = host.tasks(run)
    assert [tasks[f"each/{index}"].state.status for index in range(3)] == [
        TaskStatus.SUCCEEDED,
        TaskStatus.FAILED,
        TaskStatus.SUCCEEDED,
    ]
    assert executor.times("work:each") == 3


def test_texts_with_nul_characters_are_journalled_without_them(host: PipelineHost) -> None:
    def nul(x0: int) -> int:
        raise ValueError(f"before\x00after {x0}")

    run = run_one(host, nul)
    found = host.tasks(run)["one"].state
    assert found.error is not None
    assert found.error.message == "before\ufffdafter 3"


def test_nul_characters_inside_values_are_kept(host: PipelineHost) -> None:
    run = run_one(host, lambda x0: f"a\x00b{x0}", TEXT)
    assert host.result(run, "one") == "a\x00b3"


def test_nul_is_replaced_wherever_it_stands() -> None:
    value = StoredValue(FILE, Encoding.FILE, "d", 1, metadata={"a\x00": ["\x00", 1], "b": {"c": "x"}})
    cleaned = texts_without_nul(value, StoredValue)
    assert cleaned.metadata == {"a\ufffd": ["\ufffd", 1], "b": {"c": "x"}}
    assert texts_without_nul(cleaned, StoredValue) is cleaned


def test_the_log_is_kept_in_whole_lines_and_bounded(host: PipelineHost, tmp_path: Path) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: x0})
    executor.log = b"".join(b"line %06d \x00\n" % number for number in range(40_000))
    run = host.submit(one(), size=3)
    Worker(host.tools(executor)).once()
    [(name, text)] = host.logs(run)
    assert name == "one"
    assert text.endswith("line 039999 \ufffd\n")
    assert text.startswith("line 0")
    assert len(text.encode()) < 300_000
    assert tail(tmp_path / "nothing") == ""


def test_the_log_of_a_failed_attempt_is_kept_too(host: PipelineHost) -> None:
    executor = SimulatedExecutor({"work:one": lambda x0: 1 // (x0 - 3)})
    executor.log = b"about to divide\n"
    run = host.submit(one(), size=3)
    Worker(host.tools(executor)).once()
    assert host.logs(run) == [("one", "about to divide\n")]


def test_usage_is_noted(host: PipelineHost) -> None:
    run = run_one(host, lambda x0: x0)
    assert host.tasks(run)["one"].usage == USAGE


def test_items_of_one_process_share_its_usage(host: PipelineHost) -> None:
    functions = {"work:items": lambda: [1, 2, 3, 4, 5, 6, 7, 8, 9], "work:each": lambda x0, x1: x0 * x1}
    run = host.submit(mapping(), size=2)
    Worker(host.tools(SimulatedExecutor(functions | {"work:total": total}), slots=1)).once()
    tasks = host.tasks(run)
    used = [tasks[f"each/{index}"].usage for index in range(9)]
    assert sum(one.cpu_seconds or 0.0 for one in used if one) == pytest.approx(3.0)  # three processes
    assert all(one is not None and one.peak_memory_bytes == 1000 for one in used)


def test_an_item_that_never_ran_has_no_share_of_the_usage() -> None:
    ran, waited = TaskId("each", 0), TaskId("each", 1)
    outcomes = {
        ran: ItemOutcome(0, Status.SUCCEEDED, seconds=4.0),
        waited: ItemOutcome(1, Status.SUCCEEDED),
    }
    assert shares(Usage(5.0, 2.0, 10, 8), outcomes) == {ran: Usage(4.0, 2.0, 10, 8)}


def test_a_full_disk_is_a_loss_and_a_wrong_value_a_failure() -> None:
    assert failed(None, TenutoError(DISK_FULL)).status.value == "lost"
    assert failed(None, OSError(28, "No space left on device")).status.value == "lost"
    assert failed(None, ValueError("no")).status.value == "failed"


def test_a_file_made_by_one_step_is_given_to_the_next(host: PipelineHost, tmp_path: Path) -> None:
    source = tmp_path / "made.txt"
    source.write_text("made here")
    maker = Node("make", "work:make", (), (Output("result", FILE),), Returns.VALUE)
    taker = Node(
        "take",
        "work:take",
        (Input("file", FILE, FromOutput("make", "result")),),
        (Output("result", TEXT),),
        Returns.VALUE,
    )
    functions = {"work:make": lambda: FilePath(source), "work:take": lambda file: Path(file).read_text()}
    run = host.submit(graph(maker, taker, results=("take",)))
    Worker(host.tools(SimulatedExecutor(functions))).once()
    assert host.result(run, "take") == "made here"
    assert not list((tmp_path / "runs").iterdir())  # nothing is left on this machine


def test_the_platforms_own_steps_run_here_item_by_item(host: PipelineHost) -> None:
    handed: list[Handed] = []

    def double(given: Handed) -> dict[str, StoredValue]:
        handed.append(given)
        return {"result": number(2 * int(given.inputs["x0"].text or 0))}

    host.own_steps.steps["double"] = double
    each = node("each", "items", over=0)
    functions = {"work:items": lambda: [1, 2, 3], "work:total": total}
    flow = mapping()
    nodes = [flow.nodes[0], msgspec.structs.replace(each, step=f"{OWN}double"), flow.nodes[2]]
    run = host.submit(graph(*nodes, results=("total",)))
    Worker(host.tools(SimulatedExecutor(functions), slots=1)).once()
    assert host.result(run, "total") == 12
    assert [one.task.item for one in handed] == [0, 1, 2]
    assert host.tasks(run)["each/1"].cache == "off"


def test_an_own_step_that_fails_tells_why(host: PipelineHost) -> None:
    def broken(_handed: Handed) -> dict[str, StoredValue]:
        raise (
            TenutoError(DISK_FULL) if not tried.append(1) and len(tried) < 2 else ValueError("no such model")
        )

    tried: list[int] = []
    host.own_steps.steps["broken"] = broken
    run = host.submit(one(step=f"{OWN}broken"), size=3)
    Worker(host.tools(SimulatedExecutor({}))).once()
    found = host.tasks(run)["one"].state
    assert found.error is not None
    assert (host.status(run), found.error.message, found.losses) == ("failed", "no such model", 1)


def test_parameters_are_given_as_they_were_submitted(host: PipelineHost) -> None:
    assert FromParameter("size")
    run = run_one(host, lambda x0: x0 + 1)
    assert host.result(run, "one") == 4
