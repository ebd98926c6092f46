"""What a step costs beyond its own work: cold, warm, inline, and a thousand items of a map.

Nothing is journalled here: this is the executor alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
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
REPEATS, MAPS = 30, 5
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
        rows = [*cold(Path(home)), *warm(Path(home)), inline(Path(home)), deciding(), *beside()]
    print(
        json.dumps(
            {
                "title": "Steps: what the executor adds",
                "conditions": f"sandboxed, nothing journalled, {REPEATS} repeats, maps {MAPS}, load "
                f"{os.getloadavg()[0]:.1f} when it ended",
                "columns": ["what", "median", "lowest to highest", "median CPU", "wanted"],
                "rows": rows,
            }
        )
    )


def cold(home: Path) -> list[list[str]]:
    """The first step of a worker, which waits for the zygote to start."""
    rows = []
    for name, step in (("trivial", "work:double"), ("with a scikit-learn fit", "learning:fit")):
        bench = Bench(home, f"cold-{step.partition(':')[2]}")
        wall, _ = timed(partial(bench.run, bench.attempt(step)))
        rows.append(row(f"first step of a worker, {name}", [wall]))
        bench.executor.close()
    return rows


def warm(home: Path) -> list[list[str]]:
    bench = Bench(home, "warm")
    bench.warm_up()
    [zygote] = bench.executor.zygotes()
    rows = []
    for name, step in (("trivial", "work:double"), ("with a scikit-learn fit", "learning:fit")):
        runs = [timed(partial(bench.run, bench.attempt(step))) for _ in range(REPEATS)]
        walls = [wall for wall, _ in runs]
        used = [outcome.usage.cpu_seconds or 0.0 for _, outcome in runs]
        around = [wall - outcome.items[0].seconds for wall, outcome in runs]
        rows.append(row(f"warm step, {name}", walls, used))
        rows.append(row("... of which around the call itself", around, wanted="under 60 ms"))
    mapped = [thousand(bench) for _ in range(MAPS)]
    walls, used = [wall for wall, _ in mapped], [cpu for _, cpu in mapped]
    rows.append(row(f"map over {ITEMS:,} items, {SLOTS} at a time", walls, used, "under 10 s"))
    rows.append(
        ["memory of the zygote, its own (PSS)", f"{proportional(zygote) / 2**20:.0f} MiB", "", "", ""]
    )
    bench.executor.close()
    return rows


def beside() -> list[list[str]]:
    """The same without an executor: an interpreter for each call, and a pool of processes that stay."""
    fresh = [sys.executable, "-c", "print(2 * 3)"]
    alone = [timed(lambda: subprocess.run(fresh, check=True, capture_output=True))[0] for _ in range(REPEATS)]
    with ProcessPoolExecutor(SLOTS, multiprocessing.get_context("fork")) as pool:
        pool.submit(_double, 1).result()
        pooled = [timed(lambda: pool.submit(_double, 3).result())[0] for _ in range(REPEATS)]
        mapped = [timed(lambda: list(pool.map(_double, range(ITEMS))))[0] for _ in range(MAPS)]
    return [
        row("beside it: a new interpreter that only multiplies", alone),
        row("beside it: a call in a process pool, no sandbox", pooled),
        row(f"beside it: {ITEMS:,} calls in a process pool of {SLOTS}", mapped),
    ]


def _double(x: int) -> int:
    return 2 * x


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
    walls, used = [], []
    for _ in range(REPEATS):
        begun = time.process_time()
        wall, _ = timed(lambda: [bench.run(bench.attempt(inline=True)) for _ in range(10)])
        walls.append(wall)
        used.append(time.process_time() - begun)
    bench.executor.close()
    return row("10 trivial inline steps", walls, used, "under 50 ms CPU")


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
    taken = []
    for _ in range(100):
        begun = time.process_time()
        decide(state, now)
        taken.append(time.process_time() - begun)
    return row(f"one decision in a run with {ITEMS:,} items", [], taken)


def number(value: int) -> StoredValue:
    return stored_text(typed_json.encode(value), INT, "x")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def row(what: str, walls: list[float], used: Sequence[float] = (), wanted: str = "") -> list[str]:
    spread = f"{min(walls) * 1e3:,.1f} to {max(walls) * 1e3:,.1f}" if len(walls) > 1 else ""
    return [what, _median(walls), spread, _median(used), wanted]


def _median(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:,.1f} ms" if seconds else ""


def cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def proportional(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
