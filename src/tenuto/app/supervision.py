"""Keep a few child processes alive: start in order, restart what crashes, stop in reverse order.

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tenuto.app.errors import CHILD_FAILED
from tenuto.core.errors import TenutoError

_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
# A child that lived this long was healthy: its next crash starts from the shortest pause again.
_HEALTHY_SECONDS = 30.0


class Child(msgspec.Struct, frozen=True):
    """A process to keep alive. ``ready_seconds`` is how long it may take to say that it is ready."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0


class Supervisor:
    """Runs children until told to stop. ``notice`` is called with (child, what happened)."""

    def __init__(self, children: Sequence[Child], notice: Callable[[str, str], None]) -> None:
        self._children = children
        self._notice = notice
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._watchers: list[threading.Thread] = []

    def start(self) -> None:
        """Start every child in order, each when the one before is ready. Raises if one does not get ready."""
        for child in self._children:
            self._running[child.name] = self._launch(child)
            watcher = threading.Thread(
                target=self._watch, args=(child,), name=f"watch-{child.name}", daemon=True
            )
            watcher.start()
            self._watchers.append(watcher)

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """Stop every child, last started first, politely and then not."""
        self._stopping.set()
        for child in reversed(self._children):
            process = self._running.get(child.name)
            if process is not None:
                _end(process, child.stop_seconds)
        for watcher in self._watchers:
            watcher.join(timeout=5)

    def _launch(self, child: Child) -> subprocess.Popen[bytes]:
        ready, told = os.pipe()
        try:
            with child.log.open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
                    [sys.executable, "-m", "tenuto.app.process", *child.arguments, f"--ready-fd={told}"],
                    env=dict(child.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[told],
                    start_new_session=True,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509 (prctl and nothing else, before exec)
                )
            os.close(told)
            told = -1
            self._await_ready(child, process, ready)
        finally:
            os.close(ready)
            if told >= 0:
                os.close(told)
        return process

    def _await_ready(self, child: Child, process: subprocess.Popen[bytes], ready: int) -> None:
        deadline = time.monotonic() + child.ready_seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            readable, _, _ = select.select([ready], [], [], 0.2)
            if readable and os.read(ready, 64):
                return
            if process.poll() is not None:
                raise TenutoError(
                    CHILD_FAILED, f"{child.name} ended with {process.returncode}; see {child.log}"
                )
        _end(process, child.stop_seconds)
        raise TenutoError(CHILD_FAILED, f"{child.name} was not ready in time; see {child.log}")

    def _watch(self, child: Child) -> None:
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            code = self._running[child.name].wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE
            self._notice(child.name, f"ended with {code}, starting again")
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._restart(child)

    def _restart(self, child: Child) -> None:
        try:
            self._running[child.name] = self._launch(child)
        except TenutoError as error:
            # The process that failed stands as ended, so the watcher comes round again after its pause.
            self._notice(child.name, str(error))


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


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
