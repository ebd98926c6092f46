"""File locks inside the home. The kernel frees them when the last process that holds them is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class HeldLock:
    """A lock on an open file. A child that inherits ``descriptor`` holds the lock as well."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def sign(self) -> None:
        """Write who holds the lock into its file, for people to read. Nothing is decided by it."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Let go. The lock lives on while an heir of the descriptor does."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def try_lock(path: Path) -> HeldLock | None:
    """Take the lock, or return None at once when somebody holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return HeldLock(descriptor)
