"""A file that holds what could not be booked yet: appended and fsynced, delivered in order, then emptied."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from tenuto.app.errors import LEDGER_SPOOL_FULL
from tenuto.core.errors import TenutoError

_LARGEST = 64 << 20  # bytes


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
        """Keep one line. It is on the disk when this returns."""
        with self._lock:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)

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
