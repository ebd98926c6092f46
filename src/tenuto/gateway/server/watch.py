"""Notices that a caller has gone away, and stops the work that was for it."""

from __future__ import annotations

import asyncio

from tenuto.gateway.server.transport import Exchange

_QUIET = 0.05  # seconds; a call that is over by then is never watched, which costs as much as parsing it


class CallerWatch:
    """Cancels the current task when the caller goes away; ``gone`` then says that this was the reason."""

    def __init__(self, exchange: Exchange, *, at_once: bool = False) -> None:
        self._exchange = exchange
        self._task = asyncio.current_task()
        self._watching: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.gone = False
        if at_once:
            self._start()
        else:
            self._timer = asyncio.get_running_loop().call_later(_QUIET, self._start)

    def _start(self) -> None:
        self._watching = asyncio.ensure_future(self._exchange.gone())
        self._watching.add_done_callback(self._notice)

    def _notice(self, watching: asyncio.Future[None]) -> None:
        if watching.cancelled() or watching.exception() is not None or self._task is None:
            return
        self.gone = True
        self._task.cancel()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.remove_done_callback(self._notice)
            self._watching.cancel()

    def forgive(self) -> None:
        """Take the cancellation back once it was dealt with, so that the task may go on to its end."""
        if self.gone and self._task is not None:
            self._task.uncancel()
