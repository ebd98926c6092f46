"""Which workers of this machine live: each holds a lock on a file that has its name.

The kernel frees the lock when the process ends, however it ends. So what a dead worker held can be given to
others at once, not only when its leases are over. The fence still guards every write, should a file system
forget a lock.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tenuto.store.embedded.locks import HeldLock, try_lock

_log = logging.getLogger(__name__)


class Presence:
    """Says that ``name`` lives, as long as the block lasts. ``folder`` is shared by all workers of the machine."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._place = folder / name
        self._lock: HeldLock | None = None

    def bury(self, inherit: Callable[[str], None]) -> None:
        """Call ``inherit`` with the name of each worker that is dead. One for which it raises stays known.

        Who could not take a lock itself cannot tell the dead from the living here, and buries nobody.
        """
        if self._lock is None:
            return
        for place in sorted(self._folder.glob("*")):
            if place == self._place:
                continue
            lock = try_lock(place)
            if lock is not None:
                with lock:
                    inherit(place.name)
                    place.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while self._lock is None:
                self._lock = self._locked()
        except OSError:  # a full disk, say: others then take over when the leases are over
            _log.warning("worker.unannounced place=%s", self._place, exc_info=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._place.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def _locked(self) -> HeldLock | None:
        """Take the lock. None when somebody who looks for the dead held it first, and removed the file."""
        lock = try_lock(self._place)
        if lock is None:
            return None
        try:
            same = self._place.stat().st_ino == os.fstat(lock.descriptor).st_ino
        except FileNotFoundError:
            same = False
        if same:
            return lock
        lock.close()
        return None
