"""The ledger's side of one call: reserved before, settled after, exactly once whatever happens between."""

from __future__ import annotations

import asyncio
import logging

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.gateway.errors import LEDGER_AWAY
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.words.calls import CallIntent, CallStatus, Outcome, Reservation, Settlement
from tenuto.gateway.words.routing import Refusal

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5


class Account:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reservation: Reservation | None = None

    @property
    def is_open(self) -> bool:
        return self._reservation is not None

    async def open(self, intent: CallIntent) -> Refusal | None:
        """Reserve. A caller that goes away meanwhile leaves no reservation behind."""
        reserving = self._parts.background.start(self._reserve(intent))
        try:
            answer = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.add_done_callback(self._give_back)
            raise
        if isinstance(answer, Refusal):
            return answer
        self._reservation = answer
        return None

    async def close(self, outcome: Outcome) -> Settlement:
        """Settle. Returns what is known of the cost within a moment; settling itself is always finished."""
        if self._reservation is None:
            return Settlement()
        reservation, self._reservation = self._reservation, None
        settling = self._parts.background.start(self._settle(reservation, outcome))
        await _done_within(settling, self._parts.limits.settle_wait)
        return settling.result() if settling.done() else Settlement()

    async def _reserve(self, intent: CallIntent) -> Reservation | Refusal:
        parts = self._parts
        deadline = parts.clock.monotonic() + parts.limits.ledger_wait
        pause = _FIRST_PAUSE
        while True:
            try:
                return await parts.ports.ledger.reserve(intent)
            except TenutoError as error:
                if error.fault.kind is not FaultKind.UNAVAILABLE:
                    raise
                left = deadline - parts.clock.monotonic()
                if left <= 0 or parts.ledger_waiters >= parts.limits.ledger_waiters:
                    raise TenutoError(LEDGER_AWAY, error.detail, retry_after=5) from error
            await self._pause(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> None:
        self._parts.ledger_waiters += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._parts.ledger_waiters -= 1

    def _give_back(self, reserving: asyncio.Task[Reservation | Refusal]) -> None:
        if reserving.cancelled() or reserving.exception() is not None:
            return
        answer = reserving.result()
        if isinstance(answer, Reservation):
            self._parts.background.start(self._settle(answer, Outcome(CallStatus.CLIENT_GONE)))

    async def _settle(self, reservation: Reservation, outcome: Outcome) -> Settlement:
        """The ledger keeps what it is told; should it fail nevertheless, the log has what it was told."""
        try:
            return await self._parts.ports.ledger.settle(reservation, outcome)
        except Exception:  # noqa: BLE001  # the last stand of the books: logged, never passed to the caller
            _log.exception("call.unsettled request_id=%s outcome=%r", reservation.request_id, outcome)
            return Settlement()


async def _done_within(task: asyncio.Task[Settlement], seconds: float) -> None:
    """Wait for a task for a while, without cancelling it: ``asyncio.wait`` at a third of its price."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    task.add_done_callback(wake)
    timer = loop.call_later(seconds, wake)
    try:
        await waiter
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
