"""Waiting that watches for signs of life instead of the clock alone."""

from __future__ import annotations

from collections.abc import Callable

from tenuto.core.clock import Clock
from tenuto.store.embedded.words import Progress, Report, Stage

Pause = Callable[[float], None]

_FIRST = 0.01  # seconds
_LONGEST = 0.25


class Watch:
    """Counts the time since the last sign of life, and sleeps a little longer each time."""

    def __init__(self, clock: Clock, pause: Pause) -> None:
        self._clock = clock
        self._pause = pause
        self._since = clock.monotonic()
        self._nap = _FIRST

    def sign_of_life(self) -> None:
        self._since = self._clock.monotonic()

    @property
    def silence(self) -> float:
        return self._clock.monotonic() - self._since

    def nap(self) -> None:
        self._pause(self._nap)
        self._nap = min(self._nap * 1.3, _LONGEST)


def reporter(clock: Clock, listener: Callable[[Progress], None]) -> Report:
    """Tell ``listener`` each stage with the seconds since now."""
    started = clock.monotonic()

    def report(stage: Stage) -> None:
        listener(Progress(stage, clock.monotonic() - started))

    return report
