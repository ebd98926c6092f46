"""Kills at named points: for proving that what was committed survives, and that the rest is made again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence

import msgspec


class Kill(msgspec.Struct, frozen=True):
    """Kill ``victim`` at the ``nth`` passage of ``point``."""

    point: str
    victim: str
    nth: int = 1


Telling = Callable[[Kill, int | None], None]


class Kills:
    """Satisfies what calls a function at named points. ``victims`` tells which processes a name stands for.

    A victim without processes at that moment is left alone: the next passage of the point kills it. ``telling`` is
    called with each kill before it strikes a process, and with None where it finds none.
    """

    def __init__(
        self,
        kills: Sequence[Kill],
        victims: Callable[[str], Iterable[int]],
        telling: Telling = lambda _kill, _process: None,
    ) -> None:
        self._waiting = list(kills)
        self._victims = victims
        self._telling = telling
        self._passed: dict[str, int] = {}

    @property
    def over(self) -> bool:
        """Tell whether each of the kills has struck."""
        return not self._waiting

    def __call__(self, point: str) -> None:
        self._passed[point] = self._passed.get(point, 0) + 1
        for kill in list(self._waiting):
            if kill.point == point and self._passed[point] >= kill.nth:
                self._strike(kill)

    def _strike(self, kill: Kill) -> None:
        found = list(self._victims(kill.victim))
        for process in found:
            self._telling(kill, process)
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:  # it has ended by itself meanwhile
                continue
            if kill in self._waiting:
                self._waiting.remove(kill)
        if not found:
            self._telling(kill, None)
