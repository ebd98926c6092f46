"""A process that forks workers which die where they are told to: ``python crashing_worker.py HOME``.

Each line it reads is an ``Order``, each line it writes the number of the worker it forked for it; or ``Ended``, and
then it writes how that worker ended. Workers are forked because importing what they need takes longer than most of
them live.
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


class Order(msgspec.Struct, frozen=True, tag=True):
    """A worker that dies by ``kills``. Those of ``then`` count only when all of ``kills`` have struck."""

    kills: list[Kill]
    then: list[Kill] = []
    sandboxed: bool = False
    runs: int = 1


class Ended(msgspec.Struct, frozen=True, tag=True):
    """Asks for the return code of a worker, as ``subprocess`` counts it. It must have ended."""

    process: int


class Told(msgspec.Struct, frozen=True):
    """What a kill found at its point: the process it is about to strike, or None where no victim lived."""

    point: str
    victim: str
    process: int | None


def telling_place(home: Path, process: int) -> Path:
    return home / "told" / str(process)


def main(home: Path) -> None:
    (home / "told").mkdir(exist_ok=True)
    forked: set[int] = set()
    for line in sys.stdin:
        asked = msgspec.json.decode(line, type=Order | Ended)
        if isinstance(asked, Ended):
            forked.remove(asked.process)
            answer = os.waitstatus_to_exitcode(os.waitpid(asked.process, 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                live(home, asked)
            forked.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for (
        process
    ) in forked:  # those nobody has asked about: their numbers are nobody else's until they are waited for
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def live(home: Path, order: Order) -> None:
    """Work as the platform's worker does, but for the lease, the bare zygote, and steps that may leave marks."""
    os.close(0)
    status = 1
    try:
        platform = build(Settings(home=home))
        config = ExecutorConfig(home / "work" / "steps", preload=(), sandboxed=order.sandboxed)
        given = worker.tools(platform, config)
        assert isinstance(given.executor, StepExecutor)
        passing = Rounds(order, Victims(given.executor), Witness(telling_place(home, os.getpid())))
        changed = msgspec.structs.replace(
            given, passing=passing, lease_seconds=LEASE_SECONDS, runs=order.runs
        )
        worker.work(platform, changed, lambda: None)
        status = 0
    finally:
        os._exit(status)


class Witness:
    """Writes down each kill before it strikes, where a death right after it cannot take it away."""

    def __init__(self, place: Path) -> None:
        self._file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)

    def __call__(self, kill: Kill, process: int | None) -> None:
        told = Told(kill.point, kill.victim, process)
        os.write(self._file, msgspec.json.encode(told) + b"\n")


class Rounds:
    """First the kills of an order, and those it has for afterwards when all of these have struck."""

    def __init__(self, order: Order, victims: Victims, witness: Witness) -> None:
        self._first = Kills(order.kills, victims, witness)
        self._then = Kills(order.then, victims, witness)

    def __call__(self, point: str) -> None:
        (self._then if self._first.over else self._first)(point)


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
