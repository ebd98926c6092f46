"""What the tests of the embedded PostgreSQL cook with: rows that must survive, processes that misbehave."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from tenuto.core.clock import SystemClock
from tenuto.store.embedded.processes import end_initialising, postmaster_of, working_on
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.store.embedded.words import ADMIN, DATABASE, Options, Patience

HERE = Path(__file__).parent
PR_SET_CHILD_SUBREAPER = 36
QUICK = Patience(silence=5.0, orphans=0.3, fast_stop=10.0, immediate_stop=2.0)


def fast_folder() -> Path:
    """A new private folder with a short path, in memory where there is room: many homes come and go."""
    memory = Path("/dev/shm")  # noqa: S108 (a private folder is made inside)
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    return Path(tempfile.mkdtemp(prefix="tenuto-test-", dir=memory if roomy else None))


def remove(folder: Path) -> None:
    """Remove a folder of ``fast_folder``, and first whoever still makes a database in it."""
    for staging in folder.rglob("postgres/new-*"):
        until(functools.partial(_forsaken, staging), "the end of a forsaken initdb")
    shutil.rmtree(folder)


def _forsaken(staging: Path) -> bool:
    return not end_initialising(staging)


@functools.cache
def interpreter_for_others(user: int) -> tuple[str, dict[str, str]] | None:
    """A Python of this version that ``user`` may run, and the environment that lets it find what we have."""
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONDONTWRITEBYTECODE": "1"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        trial = [python, "-c", "import tenuto.store.embedded.supervisor"]
        try:
            done = subprocess.run(trial, user=user, group=user, env=paths, capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python, paths
    return None


def embedded(home: Path, patience: Patience = QUICK, **options: Any) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, clock=SystemClock(), options=Options(patience=patience, **options))


def data_of(home: Path) -> Path:
    return home / "postgres" / "data"


def until(condition: Callable[[], Any], what: str, limit: float = 20.0) -> Any:
    """Wait for something that has to come; the limit only keeps a broken test from hanging."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"did not happen within {limit:g} s: {what}")


def connect(server: Server, **more: Any) -> psycopg.Connection[Any]:
    dsn = server.info.dsn(ADMIN, server.credentials.admin, DATABASE)
    return psycopg.connect(dsn, autocommit=True, **more)


def ask(server: Server, query: str) -> Any:
    with connect(server) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def ask_all(server: Server, query: str) -> list[tuple[Any, ...]]:
    with connect(server) as connection:
        return connection.execute(query.encode()).fetchall()


class Rows:
    """Commits numbers one after the other, remembering each whose commit was confirmed."""

    def __init__(self, server: Server) -> None:
        self.confirmed: list[int] = []
        with connect(server) as connection:
            connection.execute("create table if not exists kept (n bigint primary key)")
            connection.execute("truncate kept")
        self._connection = connect(server)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: len(self.confirmed) >= 20, "twenty commits")
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._connection.close()

    def lost(self, server: Server) -> set[int]:
        """Wait for the writer to notice the end of its server, then compare with what is there."""
        self._thread.join()
        with connect(server) as connection:
            there = {n for (n,) in connection.execute("select n from kept")}
        return set(self.confirmed) - there

    def _write(self) -> None:
        number = 0
        try:
            while not self._enough.is_set():
                number += 1
                self._connection.execute("insert into kept values (%s)", (number,))
                self.confirmed.append(number)
        except psycopg.Error:
            return  # the server was killed, which is what the test is about


class Child:
    """A process of its own (see ``child.py``)."""

    def __init__(
        self,
        home: Path,
        verb: str,
        *,
        prefix: Sequence[str] = (),
        python: str = sys.executable,
        environment: dict[str, str] | None = None,
        user: int | None = None,
        **options: Any,
    ) -> None:
        command = [*prefix, python, str(HERE / "child.py"), str(home), verb, json.dumps(options)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
            user=user,
            group=user,
            extra_groups=() if user is not None else None,
        )

    def said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the child ended with {self.process.wait()} and said nothing"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@contextmanager
def nothing_left(data: Callable[[], Path | None]) -> Iterator[None]:
    """Whatever the test leaves running on its data folder is ended."""
    try:
        yield
    finally:
        folder = data()
        if folder is not None:
            for pid in working_on(folder):
                os.kill(pid, signal.SIGCONT)
            server = postmaster_of(folder)
            if server is not None:
                os.kill(server, signal.SIGINT)  # a kill would leave shared memory behind
            until(lambda: not working_on(folder), "the end of the last process")


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Be the parent of processes whose own parent is gone, and do not reap them: they stay zombies."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def state_of(pid: int) -> str:
    """The kernel's letter: S sleeping, T stopped, Z zombie; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def kill_hard(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def parents_as_they_are(path: Path) -> dict[str, tuple[str, int, int]]:
    """Mode and owner of every folder from ``path`` up to the root."""
    entries = {str(place): place.stat() for place in (path, *path.parents)}
    return {
        name: (stat.filemode(entry.st_mode), entry.st_uid, entry.st_gid) for name, entry in entries.items()
    }


def open_to_others(folder: Path) -> list[str]:
    """Everything below ``folder`` that group or others could read, write or enter."""
    entries = (entry for entry in folder.rglob("*") if not entry.is_symlink() and not entry.is_socket())
    return [
        f"{entry} {stat.filemode(entry.stat().st_mode)}" for entry in entries if entry.stat().st_mode & 0o077
    ]
