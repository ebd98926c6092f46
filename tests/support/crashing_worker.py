"""A process that forks workers which die where they are told to: ``python crashing_worker.py HOME``.

Each line it reads is an ``Order``, each line it writes the number of the worker it forked for it.
Workers are forked because importing what they need takes longer than most of them live.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tenuto.app.building import build
from tenuto.app.processes import worker
from tenuto.app.settings import Settings
from tenuto.pipelines.execution.executor import ExecutorConfig, StepExecutor
from tenuto.testing.crashes import Kill, Kills

LEASE_SECONDS = 1.0


class Order(msgspec.Struct, frozen=True):
    kills: list[Kill]
    sandboxed: bool = False
    runs: int = 1


def main(home: Path) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # dead workers are nobody's to wait for
    forked = []
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        process = os.fork()
        if process == 0:
            live(home, order)
        forked.append(process)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
    for process in forked:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def live(home: Path, order: Order) -> None:
    """Work as the platform's worker does, but for the lease, the bare zygote, and steps that may leave marks."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    status = 1
    try:
        platform = build(Settings(home=home))
        config = ExecutorConfig(home / "work" / "steps", preload=(), sandboxed=order.sandboxed)
        given = worker.tools(platform, config)
        assert isinstance(given.executor, StepExecutor)
        passing = Kills(order.kills, Victims(given.executor))
        changed = msgspec.structs.replace(
            given, passing=passing, lease_seconds=LEASE_SECONDS, runs=order.runs
        )
        worker.work(platform, changed, lambda: None)
        status = 0
    finally:
        os._exit(status)


class Victims:
    def __init__(self, executor: StepExecutor) -> None:
        self._executor = executor

    def __call__(self, name: str) -> Iterator[int]:
        if name == "worker":
            yield os.getpid()
        for zygote in self._executor.zygotes():
            if name == "zygote":
                yield zygote
            elif name == "child":
                yield from children_of(zygote)


def children_of(process: int) -> list[int]:
    """Return the processes that ``process`` has forked and that still live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
            if int(parent) == process and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
