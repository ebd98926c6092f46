"""What a step costs beyond its own work: cold, warm, inline, and a thousand items of a map.

Nothing is journalled here: this is the executor alone.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from tenuto.core import typed_json
from tenuto.core.clock import SystemClock
from tenuto.core.graph import FromOutput, Graph, Input, Node, Output, Returns
from tenuto.core.value_types import Kind, ValueType, list_of
from tenuto.pipelines.code.environment import InstalledEnvironment
from tenuto.pipelines.execution.executor import PRELOADED, ExecutorConfig, StepExecutor
from tenuto.pipelines.rules.progress import chunks, decide
from tenuto.pipelines.values.texts import stored_text
from tenuto.pipelines.words import (
    AttemptItem,
    Outcome,
    RunState,
    Status,
    StepAttempt,
    StoredValue,
    TaskId,
    TaskState,
    TaskStatus,
)

INT = ValueType(Kind.INT)
T = TypeVar("T")
SLOTS = len(os.sched_getaffinity(0))
ITEMS = 1_000
WORK = """
    from tenuto.client import step

    @step
    def double(x: int) -> int:
        return 2 * x
"""
FIT = """
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from tenuto.client import step

    @step
    def fit(x: int) -> int:
        rows, labels = load_breast_cancer(return_X_y=True)
        LogisticRegression(max_iter=20).fit(rows[:, :x], labels)
        return x
"""


class Bench:
    def __init__(self, home: Path, name: str) -> None:
        self._home = home / name
        self._code = home / "code"
        self._code.mkdir(exist_ok=True)
        for file, text in (("work.py", WORK), ("learning.py", FIT)):
            (self._code / file).write_text(textwrap.dedent(text))
        config = ExecutorConfig(folder=self._home / "work", preload=("tenuto.client", *PRELOADED))
        environment = InstalledEnvironment()
        environment.digest()
        self.executor = StepExecutor(config, environment.digest, SystemClock())
        self._count = 0

    def attempt(self, step: str = "work:double", **changes: object) -> StepAttempt:
        self._count += 1
        made = StepAttempt(
            attempt_id=str(self._count),
            step=step,
            items=(AttemptItem(None, {"x": number(3)}),),
            input_types={"x": INT},
            outputs=(Output("result", INT),),
            returns=Returns.VALUE,
            code_folder=str(self._code),
            output_folder=str(self._home / "out"),
            log_file=str(self._home / "logs" / str(self._count)),
        )
        return msgspec.structs.replace(made, **changes)

    def run(self, attempt: StepAttempt) -> Outcome:
        outcome = self.executor.run(attempt)
        if outcome.status is not Status.SUCCEEDED:
            raise SystemExit(f"a step did not succeed: {outcome}")
        return outcome

    def warm_up(self) -> None:
        """Wait until the zygote has imported all it is told to."""
        self.run(self.attempt())
        [zygote] = self.executor.zygotes()
        idle = 0
        while idle < 5:
            before = cpu_ticks(zygote)
            time.sleep(0.2)
            idle = idle + 1 if cpu_ticks(zygote) == before else 0


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        rows = [*cold(Path(home)), *warm(Path(home)), inline(Path(home)), deciding()]
    print(
        json.dumps(
            {
                "title": "Steps: what the executor adds",
                "conditions": f"sandboxed, nothing journalled, load {os.getloadavg()[0]:.1f} when it ended",
                "columns": ["what", "wall", "CPU"],
                "rows": rows,
            }
        )
    )


def cold(home: Path) -> list[list[str]]:
    """The first step of a worker, which waits for the zygote to start."""
    rows = []
    for name, step in (("trivial", "work:double"), ("with a scikit-learn fit", "learning:fit")):
        bench = Bench(home, f"cold-{step.partition(':')[2]}")
        wall, _ = timed(lambda bench=bench, step=step: bench.run(bench.attempt(step)))
        rows.append([f"first step of a worker, {name}", milliseconds(wall), ""])
        bench.executor.close()
    return rows


def warm(home: Path) -> list[list[str]]:
    bench = Bench(home, "warm")
    bench.warm_up()
    [zygote] = bench.executor.zygotes()
    rows = []
    for name, step in (("trivial", "work:double"), ("with a scikit-learn fit", "learning:fit")):
        runs = [timed(lambda step=step: bench.run(bench.attempt(step))) for _ in range(30)]
        walls = [wall for wall, _ in runs]
        inside = [outcome.items[0].seconds for _, outcome in runs]
        used = statistics.median(outcome.usage.cpu_seconds or 0.0 for _, outcome in runs)
        rows.append(
            [f"warm step, {name}, median of 30", milliseconds(statistics.median(walls)), milliseconds(used)]
        )
        around = [wall - own for wall, own in zip(walls, inside, strict=True)]
        rows.append(["... of which around the call itself", milliseconds(statistics.median(around)), ""])
    wall, used = thousand(bench)
    rows.append([f"map over {ITEMS:,} items, {SLOTS} at a time", milliseconds(wall), milliseconds(used)])
    rows.append(["memory of the zygote, its own (PSS)", f"{proportional(zygote) / 2**20:.0f} MiB", ""])
    bench.executor.close()
    return rows


def thousand(bench: Bench) -> tuple[float, float]:
    whole = [AttemptItem(index, {"x": number(index)}) for index in range(ITEMS)]
    parts = [
        bench.attempt(items=tuple(whole[task.item or 0] for task in chunk))
        for chunk in chunks([TaskId("each", index) for index in range(ITEMS)], SLOTS)
    ]
    with ThreadPoolExecutor(SLOTS) as threads:
        own = time.process_time()
        wall, outcomes = timed(lambda: list(threads.map(bench.run, parts)))
    if sum(len(outcome.items) for outcome in outcomes) != ITEMS:
        raise SystemExit("a map lost items")
    return wall, time.process_time() - own + sum(outcome.usage.cpu_seconds or 0.0 for outcome in outcomes)


def inline(home: Path) -> list[str]:
    bench = Bench(home, "inline")
    bench.run(bench.attempt(inline=True))
    begun = time.process_time()
    wall, _ = timed(lambda: [bench.run(bench.attempt(inline=True)) for _ in range(10)])
    used = time.process_time() - begun
    bench.executor.close()
    return ["10 trivial inline steps", milliseconds(wall), milliseconds(used)]


def deciding() -> list[str]:
    """One decision of a run whose map has a thousand items, half of them done."""
    mapped = Node(
        "each", "w:f", (Input("x", INT, FromOutput("all", "result")),), (Output("result", INT),), Returns.VALUE,
        over="x",
    )  # fmt: skip
    graph = Graph("g", (Node("all", "w:f", (), (Output("result", list_of(INT)),), Returns.VALUE), mapped))
    done = TaskState(TaskStatus.SUCCEEDED, outputs={"result": number(1)})
    tasks = {TaskId("all"): done} | {TaskId("each", index): done for index in range(ITEMS // 2)}
    state = RunState(graph, tasks=tasks, expansions={"each": (number(1),) * ITEMS})
    now = datetime.now(UTC)
    begun = time.process_time()
    for _ in range(100):
        decide(state, now)
    return [
        f"one decision in a run with {ITEMS:,} items",
        "",
        milliseconds((time.process_time() - begun) / 100),
    ]


def number(value: int) -> StoredValue:
    return stored_text(typed_json.encode(value), INT, "x")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms"


def cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def proportional(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
