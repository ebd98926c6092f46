"""Numbers that must come as 1, 2, 3 ...: which are missing, late, or there twice."""

from __future__ import annotations

from bisect import bisect_right
from enum import Enum

import msgspec


class Arrival(Enum):
    IN_TURN = "in turn"
    AHEAD = "ahead"  # numbers before it have not come
    LATE = "late"  # it comes after larger ones
    AGAIN = "again"


class Gap(msgspec.Struct, frozen=True):
    """The numbers ``first`` through ``last`` are missing; it showed at position ``noticed``."""

    first: int
    last: int
    noticed: int

    @property
    def width(self) -> int:
        return self.last - self.first + 1


class Count:
    """Watches one run of numbers. Holds nothing but the gaps, so a clean run takes no memory."""

    def __init__(self) -> None:
        self.last = 0
        self._gaps: list[Gap] = []

    def see(self, number: int, position: int) -> Arrival:
        """Take the next number. ``position`` is where it stands, for the report."""
        if number == self.last + 1:
            self.last = number
            return Arrival.IN_TURN
        if number > self.last:
            self._gaps.append(Gap(self.last + 1, number - 1, position))
            self.last = number
            return Arrival.AHEAD
        return self._see_earlier(number)

    def missing(self) -> list[Gap]:
        return list(self._gaps)

    def _see_earlier(self, number: int) -> Arrival:
        place = bisect_right(self._gaps, number, key=lambda gap: gap.first) - 1
        if place < 0 or number > self._gaps[place].last:
            return Arrival.AGAIN
        gap = self._gaps[place]
        halves = [Gap(gap.first, number - 1, gap.noticed), Gap(number + 1, gap.last, gap.noticed)]
        self._gaps[place : place + 1] = [half for half in halves if half.width > 0]
        return Arrival.LATE
