"""A file that holds what could not be booked yet: appended and fsynced, delivered in order, then emptied."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from tenuto.app.errors import LEDGER_SPOOL_FULL
from tenuto.core.errors import TenutoError
from tenuto.store.folders import sync_folder

_log = logging.getLogger(__name__)
_LARGEST = 64 << 20  # bytes
_PIECE = 1 << 16  # bytes that are looked at together for the end of a line


class Aside(msgspec.Struct, frozen=True):
    """Why a line can never be delivered: ``kind`` ends the name of the file that keeps it."""

    kind: str  # "unreadable" or "refused"
    reason: str


class Spool:
    """One process's spool. Lines are JSON; a torn last line, of a crash, is passed over: it was never promised."""

    def __init__(self, path: Path, *, largest: int = _LARGEST) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._largest = largest
        self._lock = threading.Lock()

    def require_room(self) -> None:
        """Raise when no more settlements could be kept: then no further call may begin."""
        if self._path.exists() and self._path.stat().st_size > self._largest:
            raise TenutoError(LEDGER_SPOOL_FULL, str(self._path))

    def add(self, line: bytes) -> None:
        """Keep one line. It is on the disk when this returns, whole; when it raises, nothing of it is."""
        with self._lock:
            _keep(self._path, line + b"\n")

    def drain(self, deliver: Callable[[bytes], Aside | None]) -> int:
        """Deliver every line, then empty the file. An error leaves all lines for the next time.

        A line for which ``deliver`` answers ``Aside`` holds up none of the others: it is kept, as it was, in a
        file of that kind beside the spool. Returns how many were delivered.
        """
        if not self._path.exists():
            return 0
        with self._lock:
            lines = [line for line in self._path.read_bytes().split(b"\n")[:-1] if line]
            answers = [(line, deliver(line)) for line in lines]
            aside = [(line, answer) for line, answer in answers if answer is not None]
            # Before the spool is emptied: a crash between the two keeps a line twice, and loses none.
            self._set_aside(aside)
            self._path.unlink()
        return len(lines) - len(aside)

    def _set_aside(self, aside: list[tuple[bytes, Aside]]) -> None:
        for kind in sorted({answer.kind for _, answer in aside}):
            kept = self._path.with_name(f"{self._path.name}.{kind}")
            _keep(kept, b"".join(line + b"\n" for line, answer in aside if answer.kind == kind))
        for line, answer in aside:
            _log.error(
                "spool.set_aside file=%s.%s bytes=%d reason=%s",
                self._path.name,
                answer.kind,
                len(line),
                answer.reason,
            )


def _keep(path: Path, content: bytes) -> None:
    """Append whole lines. They are on the disk, under the file's name, when this returns."""
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _append(handle, content)
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def _append(handle: int, content: bytes) -> None:
    """Write all of it behind the last whole line: half a line would spoil the next one too."""
    end = _end_of_lines(handle)
    os.ftruncate(handle, end)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise


def _end_of_lines(handle: int) -> int:
    """Return where the last whole line ends; what follows is what a crash left of another."""
    place = os.fstat(handle).st_size
    while place > 0:
        start = max(0, place - _PIECE)
        newline = os.pread(handle, place - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        place = start
    return 0
