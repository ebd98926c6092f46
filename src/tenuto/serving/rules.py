"""The decisions of serving: which requests are computed together, how long to wait, when answers agree."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

_FIRST_DELAY = 0.2
_LONGEST_DELAY = 10.0


class Waiting(msgspec.Struct, frozen=True):
    """One waiting request as the batch rule sees it. ``alone`` marks what failed in company before."""

    key: Hashable
    rows: int
    alone: bool = False


def choose_batch(waiting: Sequence[Waiting], row_limit: int) -> list[int]:
    """Return the places of the requests to compute next, in their order of arrival.

    The oldest always goes, whatever its size; others join it when their key is the same and the rows together
    stay within the limit. Nothing joins a request that must go alone.
    """
    if not waiting:
        return []
    first = waiting[0]
    chosen = [0]
    rows = first.rows
    if first.alone:
        return chosen
    for place, candidate in enumerate(waiting[1:], start=1):
        fits = rows + candidate.rows <= row_limit
        if fits and candidate.key == first.key and not candidate.alone:
            chosen.append(place)
            rows += candidate.rows
    return chosen


def restart_delay(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row (1 is the first)."""
    return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(failures - 1, 16)))


def size_class(rows: int) -> str:
    """The bucket of a batch in the histogram: the next power of two that holds it."""
    return str(1 << max(0, rows - 1).bit_length())
