"""Processes of an earlier start: when ``tenuto up`` is killed the kernel tells them to end, which takes a moment.

A lock is held by ``up`` and inherited by every process that it starts, so it is free when the last one is gone.
The next start waits for that: two generations would fight for the port, the sockets and the runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tenuto.app.errors import EARLIER_PROCESSES
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.locks import HeldLock, try_lock

_PATIENCE = 15.0  # seconds in which calls under way may end; then they are ended by force
_LONGEST = 30.0
_PAUSE = 0.1
_PROC = Path("/proc")
_MODULE = b"tenuto.app.process"


def hold_processes(
    home: Path, notice: Callable[[str], None], *, patience: float = _PATIENCE, longest: float = _LONGEST
) -> HeldLock:
    """Return the lock for the processes of this home when those of an earlier start are gone."""
    started, told = time.monotonic(), False
    while (lock := try_lock(home / "processes.lock")) is None:
        waited = time.monotonic() - started
        if waited > longest:
            raise TenutoError(EARLIER_PROCESSES, f"processes {processes_of(home)} of {home}")
        if waited > patience:
            _kill(home)
        if not told:
            notice("waiting for the processes of an earlier start to end")
        told = True
        time.sleep(_PAUSE)
    return lock


def processes_of(home: Path) -> list[int]:
    """Return the ids of the living processes that a ``tenuto up`` of this user started for this home."""
    names = (entry.name for entry in os.scandir(_PROC) if entry.name.isdigit())
    return [int(name) for name in names if _serves(_PROC / name, home)]


def _serves(process: Path, home: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        ours = process.stat().st_uid == os.geteuid()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return ours and _MODULE in words and os.fsencode(f"--home={home}") in words


def _kill(home: Path) -> None:
    """End them by force. Ids are reused, so each is looked at again once a descriptor stands for it."""
    for pid in processes_of(home):
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if _serves(_PROC / str(pid), home):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)
