"""Roots and proofs over a log that is kept elsewhere (RFC 6962 §2.1.1, §2.1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import LOG_STATE_BROKEN, PROOF_OUT_OF_RANGE
from tenuto.govern.merkle.frontier import Frontier
from tenuto.govern.merkle.hashing import EMPTY_ROOT, node_hash

LeafSource = Callable[[int, int], Iterable[bytes]]
"""Leaf hashes from a first index up to, not including, a last one, in order."""

SubtreeCache = MutableMapping[tuple[int, int], bytes]
"""Roots of perfect subtrees by (height, position among those of that height). They never change."""

CACHED_HEIGHT = 8
"""Subtrees of fewer than 2^8 leaves are read again: a cache holds one hash for each 128 leaves at most."""


class Tree:
    """A tree of ``size`` leaves. With a cache that lives on, a proof reads some hundred leaves only."""

    def __init__(
        self,
        size: int,
        leaves: LeafSource,
        cache: SubtreeCache | None = None,
        *,
        cached_height: int = CACHED_HEIGHT,
    ) -> None:
        self.size = size
        self._cached_height = max(1, cached_height)
        self._leaves = leaves
        self._cache: SubtreeCache = {} if cache is None else cache

    def root(self, size: int | None = None) -> bytes:
        """Return the root the tree had when it held ``size`` leaves (default: now)."""
        wanted = self.size if size is None else size
        self._require(0 <= wanted <= self.size, f"size {wanted} of a log of {self.size} records")
        return self._range_root(0, wanted) if wanted else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of leaf ``index`` in the tree of ``size`` leaves, nearest sibling first."""
        within = self.size if size is None else size
        self._require(
            0 <= index < within <= self.size, f"record {index + 1} in {within} of {self.size} records"
        )
        path: list[bytes] = []
        start, end = 0, within
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range_root(middle, end))
                end = middle
            else:
                path.append(self._range_root(start, middle))
                start = middle
        path.reverse()
        return path

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the tree of ``old`` leaves is the beginning of the tree of ``new`` leaves."""
        within = self.size if new is None else new
        self._require(0 <= old <= within <= self.size, f"from {old} to {within} of {self.size} records")
        if old in {0, within}:
            return []
        path: list[bytes] = []
        start, end = 0, within
        while end != old:  # walk down to the subtree that the old tree ends with
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range_root(middle, end))
                end = middle
            else:
                path.append(self._range_root(start, middle))
                start = middle
        if start > 0:  # else the verifier knows it: it is the old root
            path.append(self._range_root(start, end))
        path.reverse()
        return path

    def _range_root(self, start: int, end: int) -> bytes:
        """Return the root over leaves ``start`` to ``end``; a subtree of the whole, hence aligned."""
        count = end - start
        height = count.bit_length() - 1
        if count != 1 << height:
            middle = start + _split(count)
            return node_hash(self._range_root(start, middle), self._range_root(middle, end))
        if height < self._cached_height:
            return self._read_root(start, end)
        place = (height, start >> height)
        known = self._cache.get(place)
        if known is None:
            middle = start + count // 2
            known = node_hash(self._range_root(start, middle), self._range_root(middle, end))
            self._cache[place] = known
        return known

    def _read_root(self, start: int, end: int) -> bytes:
        frontier = Frontier().extended(self._leaves(start, end))
        if frontier.size != end - start:
            raise TenutoError(LOG_STATE_BROKEN, f"records {start + 1} to {end} are not all there")
        return frontier.root()

    @staticmethod
    def _require(fits: bool, asked: str) -> None:
        if not fits:
            raise TenutoError(PROOF_OUT_OF_RANGE, asked)


def _split(count: int) -> int:
    """Return the largest power of two below ``count`` (which is at least 2)."""
    return 1 << (count - 1).bit_length() - 1
