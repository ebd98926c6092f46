"""How many attempts a worker makes at once, over all the runs it drives."""

from __future__ import annotations

import threading
from collections import Counter


class Slots:
    """Shares ``count`` among runs. A run that has none may take one even if all are taken, so that no run has to
    wait for the end of another's steps: at most there are as many more as there are further runs.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, run: str, wanted: int) -> int:
        """Take up to ``wanted`` for a run, and return how many it got."""
        with self._lock:
            least = 0 if self._taken[run] else 1
            got = min(wanted, max(least, self._count - self._taken.total()))
            self._taken[run] += got
            return got

    def give_back(self, run: str) -> None:
        """Give one back, unless the run has given back all."""
        with self._lock:
            if self._taken[run]:
                self._taken[run] -= 1

    def end(self, run: str) -> None:
        """Give back all that a run has."""
        with self._lock:
            del self._taken[run]
