"""What is remembered of upstreams between calls: whom nobody could reach, and how often calls repeat."""

from __future__ import annotations

from collections.abc import Collection

from tenuto.core.clock import Clock

_MOST_REMEMBERED = 1_000


class Circuits:
    """Addresses that refused a connection a moment ago. They are tried last, never left out."""

    def __init__(self, clock: Clock, open_for: float) -> None:
        self._clock = clock
        self._open_for = open_for
        self._until: dict[str, float] = {}

    def failed(self, address: str) -> None:
        if len(self._until) < _MOST_REMEMBERED or address in self._until:
            self._until[address] = self._clock.monotonic() + self._open_for

    def answered(self, address: str) -> None:
        self._until.pop(address, None)

    def unreachable(self) -> Collection[str]:
        if not self._until:
            return ()
        now = self._clock.monotonic()
        for address in [address for address, until in self._until.items() if until <= now]:
            del self._until[address]
        return self._until.keys()


class RetryBudget:
    """Repeats of an upstream that failed in the same call: at most one in five calls, with some in hand.

    Without it a provider in trouble would get several times its usual load from everybody's retries.
    """

    def __init__(self, share: float = 0.2, in_hand: float = 10.0, most: float = 50.0) -> None:
        self._share = share
        self._left = in_hand
        self._most = most

    def called(self) -> None:
        self._left = min(self._most, self._left + self._share)

    def take(self) -> bool:
        """Tell whether a repeat may be made, and count it."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
