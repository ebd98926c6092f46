"""Keep a few child processes alive: start them together, start again what crashes, stop all.

A child is a ``tenuto.app.process`` of its own. It says that it is ready by writing a line to the pipe it was
given. If the supervisor dies, the kernel ends its children (``PR_SET_PDEATHSIG``); PostgreSQL is not a child
and stays, for the next start to adopt.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial
from pathlib import Path

import msgspec

from tenuto.app.errors import CHILD_FAILED
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.logfile import rotate, said_since, size_of

_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
# A child that lived this long was healthy: its next crash starts from the shortest pause again.
_HEALTHY_SECONDS = 30.0
_JOIN_SECONDS = 15.0  # longer than a child may take to end
_LOG_SECONDS = 60.0
_LOG_LIMIT = 8 << 20  # bytes; a few older ones are kept beside it


class Child(msgspec.Struct, frozen=True):
    """A process to keep alive. ``ready_seconds`` is how long it may take to say that it is ready."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0


class Supervisor:
    """Runs children until told to stop. ``notice`` is told what happened."""

    def __init__(self, children: Sequence[Child], notice: Callable[[str], None], *, keep: int) -> None:
        """``keep`` is an open file that every child inherits: a lock on it is theirs as well."""
        self._keep_open = keep
        self._children = children
        self._notice = notice
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._keepers: list[threading.Thread] = []
        # Looked up here, for between fork and exec nothing may wait for a lock that another thread held.
        prctl = ctypes.CDLL(None).prctl
        self._die_with_keeper = partial(prctl, _PR_SET_PDEATHSIG, signal.SIGTERM)

    def start(self) -> None:
        """Start all children at once and return when each is ready. Raises if one does not get ready."""
        first: list[Future[None]] = []
        for child in self._children:
            first.append(Future())
            keeper = threading.Thread(
                target=self._keep, args=(child, first[-1]), name=f"keep-{child.name}", daemon=True
            )
            keeper.start()
            self._keepers.append(keeper)
        _await_all(first)

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """Stop every child: the last of the list first, for it uses the others, then the others together."""
        self._stopping.set()
        for group in (self._children[-1:], self._children[:-1]):
            ending = [(child, self._running[child.name]) for child in group if child.name in self._running]
            for _, process in ending:
                process.terminate()
            for child, process in ending:
                _end(process, child.stop_seconds)
        for keeper in self._keepers:
            keeper.join(timeout=_JOIN_SECONDS)

    def _keep(self, child: Child, first: Future[None]) -> None:
        """Start a child, again and again if need be. The kernel ends it when the thread that started it ends."""
        try:
            self._launch(child)
        except Exception as error:  # noqa: BLE001 (a supervisor: whoever waits for the start is told)
            first.set_exception(error)
            return
        first.set_result(None)
        self._watch(child)

    def _launch(self, child: Child) -> None:
        """Start a child and return when it is ready. One that does not get ready is ended."""
        _shorten(child.log)
        position = size_of(child.log)
        ready, told = os.pipe()
        try:
            with child.log.open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
                    [sys.executable, "-m", "tenuto.app.process", *child.arguments, f"--ready-fd={told}"],
                    env=dict(child.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[told, self._keep_open],
                    start_new_session=True,
                    preexec_fn=self._die_with_keeper,  # noqa: PLW1509 (prctl and nothing else, before exec)
                )
            os.close(told)
            told = -1
            self._running[child.name] = process
            self._await_ready(child, process, ready, position)
        finally:
            os.close(ready)
            if told >= 0:
                os.close(told)

    def _await_ready(self, child: Child, process: subprocess.Popen[bytes], ready: int, position: int) -> None:
        deadline = time.monotonic() + child.ready_seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            readable, _, _ = select.select([ready], [], [], 0.2)
            if readable and os.read(ready, 64):
                return
            if process.poll() is not None:
                said = _short(said_since(child.log, position))
                raise TenutoError(
                    CHILD_FAILED, f"{child.name} ended with {process.returncode}; see {child.log}: {said}"
                )
        _end(process, child.stop_seconds)
        raise TenutoError(CHILD_FAILED, f"{child.name} was not ready in time; see {child.log}")

    def _watch(self, child: Child) -> None:
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            code = _await_end(self._running[child.name], child.log)
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE
            self._notice(f"{child.name} ended with {code}, starting again")
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._restart(child)

    def _restart(self, child: Child) -> None:
        try:
            self._launch(child)
        except Exception as error:  # noqa: BLE001 (a supervisor: what keeps one start from working is told, and tried again)
            # The process that failed stands as ended, so the watcher comes round again after its pause.
            self._notice(f"{child.name} {error}")


def _await_all(first: Sequence[Future[None]]) -> None:
    """Return when all have come true, and raise as soon as one has not."""
    waiting: Collection[Future[None]] = first
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()


def _await_end(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return how the process ended. Meanwhile its log is kept within its limit."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:  # whoever stops the children has waited for it, or this process has too many files open
        return process.wait()
    try:
        while not select.select([descriptor], [], [], _LOG_SECONDS)[0]:
            _shorten(log)
    finally:
        os.close(descriptor)
    return process.wait()


def _shorten(log: Path) -> None:
    """Keep a log within its limit. A full disk keeps nobody from running: it is told by whoever has to write."""
    with contextlib.suppress(OSError):
        rotate(log, _LOG_LIMIT)


def _short(words: str) -> str:
    return " | ".join(line.strip() for line in words.splitlines()[-2:]) or "it said nothing"


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
