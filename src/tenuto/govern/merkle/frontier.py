"""The right edge of the tree: all that appending needs, some twenty hashes for a million leaves."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import LOG_STATE_BROKEN
from tenuto.govern.merkle.hashing import EMPTY_ROOT, HASH_BYTES, node_hash


class Frontier(msgspec.Struct, frozen=True):
    """The roots of the perfect subtrees that make up a tree of ``size`` leaves, largest first.

    There is one peak for each one-bit of ``size``. JSON carries the hashes as base64.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after ``leaves`` (leaf hashes) were appended in their order."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            carried = leaf
            merging = size
            while merging & 1:  # each trailing one-bit is a peak as high as what is carried
                carried = node_hash(peaks.pop(), carried)
                merging >>= 1
            peaks.append(carried)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        *higher, root = self.peaks
        for peak in reversed(higher):
            root = node_hash(peak, root)
        return root

    def as_json(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes | str) -> Frontier:
        """Read a stored frontier. Refuses one that no tree can have."""
        try:
            frontier = msgspec.json.decode(text, type=cls, strict=True)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TenutoError(LOG_STATE_BROKEN, "the frontier is not the JSON it should be") from error
        if frontier.size < 0 or len(frontier.peaks) != frontier.size.bit_count():
            raise TenutoError(
                LOG_STATE_BROKEN, f"{len(frontier.peaks)} peaks cannot hold {frontier.size} leaves"
            )
        if any(len(peak) != HASH_BYTES for peak in frontier.peaks):
            raise TenutoError(LOG_STATE_BROKEN, f"a peak is not {HASH_BYTES} bytes long")
        return frontier
