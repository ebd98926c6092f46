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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
import sqlalchemy as sa

from support.crashing_worker import Order, children_of
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

    def worker(self, *kills: Kill, runs: int = 1) -> int:
        """Start a worker that drives so many runs at once and dies by these kills; return its process number."""
        order = Order(list(kills), sandboxed=self._keeper is not None, runs=runs)
        assert self._forker is not None
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        print(msgspec.json.encode(order).decode(), file=self._forker.stdin, flush=True)
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


class Siege:
    """Keeps a few workers with ``runs`` each going at a time until every worker has died as it was told to."""

    def __init__(
        self, host: KillHost, orders: Sequence[Sequence[Kill]], *, at_once: int = 5, runs: int = 1
    ) -> None:
        self._host = host
        self._orders = [list(order) for order in orders]
        self._at_once = at_once
        self._runs = runs
        self.watched: list[Watched] = []
        self._living: dict[int, list[Kill]] = {}
        self.deaths = 0

    def hold(self, seconds: float, chance: random.Random | None = None) -> None:
        end = time.monotonic() + seconds
        while self._orders or self._living:
            assert time.monotonic() < end, f"left: {self._orders}, living: {self._living}"
            self._bury()
            self._feed()
            while self._orders and len(self._living) < self._at_once:
                order = self._orders.pop(0)
                self._living[self._host.worker(*order, runs=self._runs)] = order
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

    def _feed(self) -> None:
        """Let one more worker die amid a step when all others wait for something to recover."""
        if (
            not self._orders
            and self._living
            and all(
                any(kill.point.startswith("recover") for kill in order) for order in self._living.values()
            )
        ):
            self._orders.append([Kill("started", "worker")])

    def _bury(self) -> None:
        for process in [one for one in self._living if not alive(one)]:
            del self._living[process]
            self.deaths += 1
            self._host.note(self.watched)

    def losses(self) -> int:
        """Return how many attempts at steps were lost."""
        tasks = [task for one in self.watched for task in self._host.host.tasks(one.run).values()]
        return sum(task.state.losses for task in tasks)

    def _strike(self, chance: random.Random) -> None:
        """Now and then kill a step, or a worker at no point in particular, or ask a worker to stop."""
        for process, order in self._living.items():
            if chance.random() < _STRIKE:
                for child in [one for zygote in children_of(process) for one in children_of(zygote)]:
                    strike(child, signal.SIGKILL)
            if order[-1].point == "any" and chance.random() < _STRIKE:
                strike(process, signal.SIGTERM if order[-1].victim == "stopped" else signal.SIGKILL)


def strike(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(process, number)


def opened(home: Path, *, sandboxed: bool = False) -> Iterator[KillHost]:
    home.mkdir(mode=0o700)
    with KillHost(home, sandboxed=sandboxed) as made:
        yield made
