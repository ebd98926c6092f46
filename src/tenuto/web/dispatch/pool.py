"""Handlers are plain functions in a bounded number of threads, with a bounded number waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from tenuto.core.errors import TenutoError
from tenuto.web.errors import BUSY

T = TypeVar("T")


class HandlerPool:
    """Belongs to one event loop. A client that leaves does not stop a handler that has begun."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._limiter = anyio.CapacityLimiter(threads)
        self._most = threads + waiting
        self._inside = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread. Raises UNAVAILABLE at once when too many wait already."""
        if self._inside >= self._most:
            raise TenutoError(BUSY, f"{self._inside} requests are in hand")
        self._inside += 1
        try:
            return await self.go_on(work)
        finally:
            self._inside -= 1

    async def go_on(self, work: Callable[[], T]) -> T:
        """Run a further piece of something that was taken on before: it waits, and is never refused half-way."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
