"""What a run costs from its submission to its end: worker, executor and journal on an embedded database."""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tenuto.app.building import Platform, build
from tenuto.app.database import start_embedded
from tenuto.app.keys import ensure_keys
from tenuto.app.processes.worker import tools
from tenuto.app.schema import migrations
from tenuto.app.settings import Settings
from tenuto.client.authoring import load_pipelines
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Scope, system_actor
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.words import Environment, Workspace
from tenuto.pipelines import queries
from tenuto.pipelines.code.folder import pack_project
from tenuto.pipelines.execution.executor import PRELOADED, ExecutorConfig
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.rules.inputs import parameters_of
from tenuto.pipelines.worker.loop import Worker
from tenuto.store.database import Role

ITEMS = 1_000
REPEATS = 7
SLOTS = len(os.sched_getaffinity(0))
PROJECT = """
    from tenuto.client import pipeline, step

    @step(inline=True, cache=False)
    def add(x: int) -> int:
        return x + 1

    @step
    def numbers(count: int, start: int) -> list[int]:
        return list(range(start, start + count))

    @step
    def double(x: int) -> int:
        return 2 * x

    @step(inline=True)
    def total(values: list[int]) -> int:
        return sum(values)

    @pipeline
    def ten(start: int) -> int:
        for _ in range(10):
            start = add(start)
        return start

    @pipeline
    def single(start: int) -> int:
        return double(start)

    @pipeline
    def mapped(start: int, count: int = 1000) -> int:
        return total(double.map(numbers(count, start)))
"""


class Bench:
    """One workspace, and a worker in this process."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._platform = platform
        config = ExecutorConfig(folder / "steps", preload=("tenuto.client", *PRELOADED))
        self.tools = tools(platform, config)
        self._worker = Worker(self.tools)
        self._place = Workspace(
            UuidSeven().new(), "bench", "default", Environment.DEVELOPMENT, separation_of_duties=True
        )
        with platform.desk.database.begin(Scope(system_actor("bench"))) as tx:
            places.insert(tx, self._place)
        project = folder / "project"
        project.mkdir()
        (project / "bench_flow.py").write_text(textwrap.dedent(PROJECT))
        archive = folder / "project.tar"
        self._code = pack_project(project, archive).digest
        platform.blobs.put_file(archive)
        self._flows = load_pipelines(project / "bench_flow.py", project)
        del sys.modules["bench_flow"]  # the worker brings its own copy
        self._start = 0

    def run(self, name: str, *, again: bool = False) -> None:
        """Run a pipeline from its submission to its end. Each run has a parameter of its own unless ``again``."""
        self._start += 0 if again else ITEMS * 10
        graph = self._flows[name].graph()
        scope = Scope(system_actor("bench"), self._place.id)
        run = RunRecord(
            id=UuidSeven().new(),
            workspace=self._place.id,
            pipeline=name,
            graph=graph,
            code=self._code,
            parameters=parameters_of(graph, {"start": str(self._start)}),
            seed=0,
            status="queued",
            cancelled=False,
            actor=scope.actor,
            authors=[],
            created_at=SystemClock().now(),
        )
        with self._platform.desk.database.begin(scope) as tx:
            queries.insert_run(tx, run)
        self._worker.once()
        with self._platform.desk.database.begin(scope, Role.SYSTEM) as tx:
            status = queries.find_run(tx, run.id).status
        if status != "succeeded":
            raise SystemExit(f"a run ended as {status}")


class Cost(msgspec.Struct, frozen=True):
    wall: float
    cpu: float  # of the worker, without its children


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder) / "home") as found:
        bench = Bench(found, Path(folder))
        rows = list(measure(bench))
        bench.tools.executor.close()
    table = {
        "title": "Runs: what the journal adds",
        "conditions": (
            f"worker, executor and embedded database with their defaults, {REPEATS} runs each, from submission "
            "to the end of the run; nothing is journalled in a process pool; "
            f"load {os.getloadavg()[0]:.1f} when it ended"
        ),
        "columns": [
            "what",
            "median",
            "lowest to highest",
            "CPU of the worker",
            "lowest to highest",
            "wanted",
        ],
        "rows": rows,
    }
    sys.stdout.write(json.dumps(table) + "\n")


def measure(bench: Bench) -> Iterator[list[str]]:
    for name in ("ten", "single", "mapped"):
        bench.run(name)  # the zygote starts, modules are imported
    yield row("10 trivial inline steps", costs(lambda: bench.run("ten")), "under 50 ms CPU")
    yield row("one warm step in a process, with its run", costs(lambda: bench.run("single")), "")
    yield row(f"a map over {ITEMS:,} items and its join", costs(lambda: bench.run("mapped")), "under 10 s")
    again = costs(lambda: bench.run("mapped", again=True))
    yield row("the same again, each item found in the cache", again, "")
    with ProcessPoolExecutor(SLOTS, multiprocessing.get_context("fork")) as pool:
        pool.submit(_double, 1).result()
        single = costs(lambda: pool.submit(_double, 1).result())
        mapped = costs(lambda: sum(pool.map(_double, range(ITEMS), chunksize=ITEMS // SLOTS)))
    yield row("beside it: one call in a process pool", single, "")
    yield row(f"beside it: {ITEMS:,} calls in a process pool of {SLOTS}", mapped, "")


def costs(work: Callable[[], object]) -> list[Cost]:
    found = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        found.append(Cost(time.perf_counter() - wall, time.process_time() - cpu))
    return found


def row(what: str, found: list[Cost], wanted: str) -> list[str]:
    walls, cpus = [cost.wall * 1e3 for cost in found], [cost.cpu * 1e3 for cost in found]
    return [
        what,
        f"{statistics.median(walls):,.1f} ms",
        f"{min(walls):,.1f} to {max(walls):,.1f}",
        f"{statistics.median(cpus):,.1f} ms",
        f"{min(cpus):,.1f} to {max(cpus):,.1f}",
        wanted,
    ]


def _double(x: int) -> int:
    return 2 * x


@contextmanager
def platform(home: Path) -> Iterator[Platform]:
    settings = Settings(home=home)
    home.mkdir(mode=0o700)
    server = start_embedded(settings, SystemClock(), lambda _: None)
    try:
        ensure_keys(settings.keys)
        if server is not None:
            migrations().upgrade(server.logins())
        built = build(settings)
        try:
            yield built
        finally:
            built.close()
    finally:
        if server is not None:
            server.stop()


if __name__ == "__main__":
    main()
