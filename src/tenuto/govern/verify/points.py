"""Signed checkpoints, compared with the tree that grows out of the leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.checkpoints import Checkpoint, VerifierKey, open_checkpoint
from tenuto.govern.merkle import Frontier
from tenuto.govern.verify.findings import Findings
from tenuto.govern.verify.words import ProblemKind

_BATCH = 4096  # leaves held back between two looks at the tree


class Point(msgspec.Struct, frozen=True):
    """A checkpoint whose signature holds, and where it was kept."""

    checkpoint: Checkpoint
    outside: bool

    @property
    def size(self) -> int:
        return self.checkpoint.size

    def __str__(self) -> str:
        kept = "kept outside the log" if self.outside else "of the log"
        when = f", signed {self.checkpoint.time}" if self.checkpoint.time else ""
        return f"the checkpoint {kept} over {self.size} records{when}"


class Points:
    """All checkpoints in order of size, met one after the other while the tree grows."""

    def __init__(
        self, inside: Iterable[str], outside: Sequence[str], key: VerifierKey, findings: Findings
    ) -> None:
        points = [
            *_opened(inside, key, findings, outside=False),
            *_opened(outside, key, findings, outside=True),
        ]
        self.all = sorted(points, key=lambda point: point.size)
        self.matched: list[Point] = []
        self.mismatched: list[Point] = []
        self.stopped_at: int | None = None  # from this record on the tree is not known
        self._frontier = Frontier()
        self._batch: list[bytes] = []
        self._size = 0
        self._place = 0
        self._goal = -1
        self._aim()

    @property
    def unreached(self) -> list[Point]:
        return self.all[self._place :]

    def grow(self, leaf: bytes) -> None:
        if self.stopped_at is not None:
            return
        self._batch.append(leaf)
        self._size += 1
        if self._size == self._goal:
            self._aim()

    def stop(self, record: int) -> None:
        """Compare no further: the leaves from ``record`` on are not all there, or not in their places."""
        if self.stopped_at is None:
            self.stopped_at = record
            self._batch.clear()

    def finish(self) -> None:
        if self.stopped_at is None:
            self._aim()

    def _aim(self) -> None:
        """Compare every checkpoint of the present size, and set the size to compare at next."""
        if self._batch:
            self._frontier = self._frontier.extended(self._batch)
            self._batch.clear()
        while self._place < len(self.all) and self.all[self._place].size == self._size:
            point = self.all[self._place]
            agrees = point.checkpoint.root == self._frontier.root()
            (self.matched if agrees else self.mismatched).append(point)
            self._place += 1
        self._goal = self._size + _BATCH
        if self._place < len(self.all):
            self._goal = min(self._goal, self.all[self._place].size)


def _opened(notes: Iterable[str], key: VerifierKey, findings: Findings, *, outside: bool) -> Iterable[Point]:
    where = "outside the log" if outside else "of the log"
    for number, note in enumerate(notes, 1):
        try:
            yield Point(open_checkpoint(note, key), outside)
        except TenutoError as error:
            findings.add(ProblemKind.BAD_CHECKPOINT, f"Checkpoint {number} {where} does not count: {error}.")
