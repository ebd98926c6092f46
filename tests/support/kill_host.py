"""An installation without processes of its own, and workers beside it that are killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
import sqlalchemy as sa

from support.crashing_worker import Ended, Order, Told, children_of, telling_place
from support.pipeline_host import PipelineHost
from support.platform import ANN, Allowing
from support.step_bench import alive, wait_until
from tenuto.app.schema import migrations
from tenuto.client.authoring import load_pipelines
from tenuto.core.clock import SystemClock
from tenuto.core.graph import Graph
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.words import Environment, Workspace
from tenuto.pipelines import use_cases
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.use_cases import NewRun
from tenuto.store.database import Database
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.testing.crashes import Kill

_HERE = Path(__file__).parent
ITEMS = 6
_STRIKE = 0.05  # how likely, at each look


class Watched:
    """A run with what it must not do again: the marks of each task that has succeeded, as they were then."""

    def __init__(self, run: str, marks: Path) -> None:
        self.run = run
        self.marks = marks
        self.succeeded: dict[str, tuple[int, int]] = {}

    def count(self, task: str) -> int:
        place = self.marks / task.replace("/", "-")
        return len(place.read_text().splitlines()) if place.exists() else 0


class Keeper(socketserver.ThreadingTCPServer):
    """Keeps the marks of steps that can write none, and answers how many there are of a name."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Marking)
        self.folder = folder
        self.writing = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Marking(socketserver.StreamRequestHandler):
    server: Keeper

    def handle(self) -> None:
        folder, name, process = self.rfile.readline().decode().split()
        place = self.server.folder / folder / name
        with self.server.writing, place.open("a+") as file:
            file.write(f"{process}\n")
            file.seek(0)
            count = len(file.readlines())
        with contextlib.suppress(ConnectionError):  # the step was killed meanwhile
            self.wfile.write(f"{count}\n".encode())


class KillHost:
    """With ``sandboxed`` the steps run as confined as the machine allows."""

    def __init__(self, home: Path, *, sandboxed: bool = False) -> None:
        self.home = home
        self._keeper = Keeper(home / "marks") if sandboxed else None
        self._servers: list[Server] = []
        migrations().upgrade(self.start_database().logins())
        self.database = Database(self.server.logins())
        self.desk = Desk(self.database, Allowing(), SystemClock(), UuidSeven())
        place = Workspace(
            self.desk.ids.new(), "lab", "default", Environment.DEVELOPMENT, separation_of_duties=True
        )
        with self.database.begin(Scope(ANN)) as tx:
            places.insert(tx, place)
        source = (_HERE.parent / "system" / "pipelines_kill" / "project.py").read_text()
        self.host = PipelineHost(self.desk, Scope(ANN, place.id, "test"), home, {"killed_project.py": source})
        self.graph: Graph = self._graph()
        self._numbers = itertools.count()
        self._forker: subprocess.Popen[str] | None = None

    def start_database(self) -> Server:
        self.server = EmbeddedPostgres(self.home, clock=SystemClock()).start(take_over=True)
        self._servers.append(self.server)
        return self.server

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", str(_HERE / "crashing_worker.py"), str(self.home)]
        with (self.home / "workers.log").open("wb") as log:
            self._forker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._forker is not None
        self._forker.communicate(timeout=30)  # the end of its input ends it and all its workers
        if self._keeper is not None:
            self._keeper.shutdown()
            self._keeper.server_close()
        self.database.close()
        for server in reversed(self._servers):
            server.stop()

    def worker(self, *kills: Kill, then: Sequence[Kill] = (), runs: int = 1) -> int:
        """Start a worker that drives so many runs at once and dies by these kills; return its process number."""
        order = Order(list(kills), list(then), sandboxed=self._keeper is not None, runs=runs)
        return self._ask(order)

    def return_code(self, worker: int) -> int:
        """Return how a worker that is dead ended. Ask once."""
        return self._ask(Ended(worker))

    def told(self, worker: int) -> list[Told]:
        """Return what its kills found at their points, in order."""
        place = telling_place(self.home, worker)
        lines = place.read_bytes().splitlines() if place.exists() else []
        return [msgspec.json.decode(line, type=Told) for line in lines]

    def _ask(self, asked: Order | Ended) -> int:
        assert self._forker is not None
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        print(msgspec.json.encode(asked).decode(), file=self._forker.stdin, flush=True)
        return int(self._forker.stdout.readline())

    def submit(self) -> Watched:
        new, marks = self.new_run()
        return Watched(use_cases.submit(self.desk, self.host.scope, new=new).id, marks)

    def new_run(self) -> tuple[NewRun, Path]:
        """Return what somebody else may submit, and where its steps will leave their marks."""
        marks = self.home / "marks" / str(next(self._numbers))
        marks.mkdir(parents=True)
        told = str(marks) if self._keeper is None else f"tcp:{self._keeper.server_address[1]}:{marks.name}"
        return self.host.new_run(self.graph, marks=told, count=ITEMS), marks

    def runs(self) -> list[RunRecord]:
        return use_cases.runs(self.desk, self.host.scope)

    def open_runs(self) -> int:
        [row] = self.host.rows(sa.text("select count(*) as n from run where status in ('queued', 'running')"))
        return int(row.n)

    def note(self, watched: Sequence[Watched]) -> None:
        """Remember what has succeeded by now, and how often it ran for that."""
        for one in watched:
            for name, task in self.host.tasks(one.run).items():
                if task.state.status.value == "succeeded":
                    one.succeeded.setdefault(name, (one.count(name), task.executions))

    def digest(self, run: str) -> dict[str, Any]:
        """Return what a run has made: the digest of every output, and how each task ended."""
        return {
            name: (task.state.status, {key: value.digest for key, value in task.state.outputs.items()})
            for name, task in self.host.tasks(run).items()
        }

    def require_whole(self, watched: Watched, undisturbed: dict[str, Any]) -> None:
        """Require that a run ended as an undisturbed one does, and did nothing again that it had done."""
        tasks = self.host.tasks(watched.run)
        assert self.host.status(watched.run) == "succeeded", [task.state for task in tasks.values()]
        assert self.digest(watched.run) == undisturbed
        for name, (marks, executions) in watched.succeeded.items():
            assert watched.count(name) == marks, f"{name} ran again after it had succeeded"
            assert tasks[name].executions == executions, name
        events = self.host.rows(
            sa.text("select type from outbox_event where subject = :run order by seq"), run=watched.run
        )
        assert [row.type for row in events] == ["run.submitted", "run.finished"]
        records = self.host.rows(
            sa.text("select action from audit_record where resource_id = :run order by at"), run=watched.run
        )
        assert [row.action for row in records] == ["pipelines:run:submit", "pipelines:run:finish"]

    def _graph(self) -> Graph:
        project = self.home / "project"
        with contextlib.suppress(KeyError):
            del sys.modules["killed_project"]
        return load_pipelines(project / "killed_project.py", project)["killed"].graph()


class Life(msgspec.Struct):
    """A worker with what it is told to do, and whether the siege itself has struck it or asked it to stop."""

    process: int
    order: Order
    struck: bool = False
    stopped: bool = False


class Siege:
    """Keeps a few workers with ``runs`` each going at a time until every worker has died as it was told to.

    A death is proved: by the signal that ended the worker, and by what its kills said before they struck. ``cells``
    counts the kills that struck by point and victim, ``nobody`` those that found no victim at their point.
    """

    def __init__(
        self, host: KillHost, orders: Sequence[Sequence[Kill] | Order], *, at_once: int = 5, runs: int = 1
    ) -> None:
        self._host = host
        self._orders = [one if isinstance(one, Order) else Order(list(one)) for one in orders]
        self._at_once = at_once
        self._runs = runs
        self.watched: list[Watched] = []
        self._living: list[Life] = []
        self.deaths = 0
        self.cells: Counter[tuple[str, str]] = Counter()
        self.nobody: Counter[tuple[str, str]] = Counter()

    def hold(self, seconds: float, chance: random.Random | None = None) -> None:
        end = time.monotonic() + seconds
        while self._orders or self._living:
            assert time.monotonic() < end, f"left: {self._orders}, living: {self._living}"
            self._bury()
            self._feed()
            while self._orders and len(self._living) < self._at_once:
                self._start(self._orders.pop(0))
            while self._host.open_runs() < self._at_once * self._runs:
                self.watched.append(self._host.submit())
            if chance is not None:
                self._strike(chance)
            time.sleep(0.02)

    def lift(self) -> None:
        """Let one healthy worker end what is left."""
        worker = self._host.worker(runs=self._runs)
        wait_until(lambda: self._host.open_runs() == 0, "the last runs end", timeout=60)
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: not alive(worker), "the healthy worker ends")
        assert self._host.return_code(worker) == 0

    def stop_amid(self, *kills: Kill) -> None:
        """Ask a worker with these kills to stop while a step runs, and see it end in good order."""
        if not self._host.open_runs():
            self.watched.append(self._host.submit())
        worker = self._host.worker(*kills)
        wait_until(lambda: bool(steps_of(worker)) or not self._host.open_runs(), "a step runs")
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: not alive(worker), "the worker stops")
        self._count(worker)
        assert self._host.return_code(worker) == 0
        self._host.note(self.watched)

    def losses(self) -> int:
        """Return how many attempts at steps were lost."""
        tasks = [task for one in self.watched for task in self._host.host.tasks(one.run).values()]
        return sum(task.state.losses for task in tasks)

    def _feed(self) -> None:
        """Let one more worker die amid a step when all others wait for something to recover."""
        waiting = [any(kill.point.startswith("recover") for kill in one.order.kills) for one in self._living]
        if waiting and all(waiting) and (not self._orders or len(waiting) >= self._at_once):
            self._start(Order([Kill("started", "worker")]))

    def _start(self, order: Order) -> None:
        process = self._host.worker(*order.kills, then=order.then, runs=self._runs)
        self._living.append(Life(process, order))

    def _bury(self) -> None:
        for life in [one for one in self._living if not alive(one.process)]:
            self._living.remove(life)
            self._require_death(life, self._count(life.process))
            self._host.note(self.watched)

    def _count(self, worker: int) -> list[tuple[str, str]]:
        """Count what the kills of a dead worker found at their points, and return those that struck."""
        told = self._host.told(worker)
        found = [(one.point, one.victim) for one in told if one.process is not None]
        self.cells.update(found)
        self.nobody.update((one.point, one.victim) for one in told if one.process is None)
        return found

    def _require_death(self, life: Life, found: Sequence[tuple[str, str]]) -> None:
        """Require that a worker died as it was told to. One that had nothing to leave when it was asked to stop
        is told again.
        """
        ended = self._host.return_code(life.process)
        if life.stopped and ended in {0, -signal.SIGTERM}:
            self._orders.append(life.order)
            return
        assert ended == -signal.SIGKILL, f"{life} ended by {ended}"
        deadly = {one.point for one in (*life.order.kills, *life.order.then) if one.victim == "worker"}
        at_its_point = any(victim == "worker" and point in deadly for point, victim in found)
        assert at_its_point or life.struck, f"{life} was killed elsewhere, after {found}"
        self.deaths += 1

    def _strike(self, chance: random.Random) -> None:
        """Now and then kill a step, or a worker at no point in particular, or ask a worker to stop."""
        for life in self._living:
            if chance.random() < _STRIKE:
                for child in steps_of(life.process):
                    self.cells["any", "child"] += strike(child, signal.SIGKILL)
            last = life.order.kills[-1]
            if last.point != "any" or chance.random() >= _STRIKE:
                continue
            if last.victim == "stopped":
                life.stopped = strike(life.process, signal.SIGTERM)
            elif not life.struck:
                life.struck = strike(life.process, signal.SIGKILL)
                self.cells["any", "worker"] += 1


def steps_of(worker: int) -> list[int]:
    """Return the processes of the steps that a worker runs now."""
    return [child for zygote in children_of(worker) for child in children_of(zygote)]


def strike(process: int, number: signal.Signals) -> bool:
    """Return False if the process had ended by itself."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def opened(home: Path, *, sandboxed: bool = False) -> Iterator[KillHost]:
    home.mkdir(mode=0o700)
    with KillHost(home, sandboxed=sandboxed) as made:
        yield made
