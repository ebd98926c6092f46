"""A file that holds what could not be booked yet: appended and fsynced, delivered in order, then emptied."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from tenuto.app.errors import LEDGER_SPOOL_FULL
from tenuto.core.errors import TenutoError

_LARGEST = 64 << 20  # bytes
_PIECE = 1 << 16  # bytes that are looked at together for the end of a line


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
            is_new = not self._path.exists()
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                _append(handle, line + b"\n")
            finally:
                os.close(handle)
            if is_new:
                _sync_folder(self._path.parent)

    def drain(self, deliver: Callable[[bytes], object]) -> int:
        """Deliver every line, then empty the file. An error leaves all lines for the next time."""
        if not self._path.exists():
            return 0
        with self._lock:
            lines = [line for line in self._path.read_bytes().split(b"\n")[:-1] if line]
            for line in lines:
                deliver(line)
            self._path.unlink()
        return len(lines)


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


def _sync_folder(folder: Path) -> None:
    """Make the new file's name durable, not only its content."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
