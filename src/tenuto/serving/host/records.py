"""The records of answered requests, kept in memory until somebody has stored them."""

from __future__ import annotations

from collections import deque

from tenuto.serving.words import PredictionRecord


class RecentPredictions:
    """A bounded ``PredictionLog``: when nobody takes the records, the oldest are dropped and counted.

    A mark is ``life:number``. Taking is repeatable until the taker says, by a later mark, that it has stored
    the records: a taker that dies in between loses nothing and stores nothing twice. A mark from an earlier
    ``life`` of the server counts as none.
    """

    def __init__(self, life: str, capacity: int = 100_000) -> None:
        self._life = life
        self._records: deque[PredictionRecord] = deque(maxlen=capacity)
        self._last = 0
        self._dropped = 0

    def record(self, entry: PredictionRecord) -> None:
        if len(self._records) == self._records.maxlen:
            self._dropped += 1
        self._records.append(entry)
        self._last += 1

    def take(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        stored = self._number(after)
        while self._records and self._first <= stored:
            self._records.popleft()
        taken = [self._records[place] for place in range(min(limit, len(self._records)))]
        return f"{self._life}:{self._first + len(taken) - 1}", taken

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def _first(self) -> int:
        return self._last - len(self._records) + 1

    def _number(self, mark: str) -> int:
        life, _, number = mark.rpartition(":")
        return int(number) if life == self._life and number.isdecimal() else 0
