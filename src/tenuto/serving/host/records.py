"""The records of answered requests, kept in memory until somebody has stored them."""

from __future__ import annotations

from collections import deque

from tenuto.serving.words import PredictionRecord


class RecentPredictions:
    """A bounded ``PredictionLog``: when nobody takes the records, the oldest are dropped and counted.

    Records are numbered from 1. Taking is repeatable until the taker says, by a higher mark, that it has
    stored them: a taker that dies in between loses nothing and stores nothing twice.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._records: deque[PredictionRecord] = deque(maxlen=capacity)
        self._last = 0
        self._dropped = 0

    def record(self, entry: PredictionRecord) -> None:
        if len(self._records) == self._records.maxlen:
            self._dropped += 1
        self._records.append(entry)
        self._last += 1

    def take(self, after: int, limit: int) -> tuple[int, list[PredictionRecord]]:
        first = self._last - len(self._records) + 1
        for _ in range(min(after - first + 1, len(self._records))):
            self._records.popleft()
        first = self._last - len(self._records) + 1
        taken = [self._records[place] for place in range(min(limit, len(self._records)))]
        return first + len(taken) - 1, taken

    @property
    def dropped(self) -> int:
        return self._dropped
