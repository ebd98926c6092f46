"""Threads and waiting places are bounded; beyond them a request is refused at once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.dispatch.pool import HandlerPool


def test_more_than_threads_and_places_is_refused_and_room_comes_back() -> None:
    async def scenario() -> None:
        pool, go, begun, running = HandlerPool(2, 3), threading.Event(), threading.Semaphore(0), []

        def work() -> int:
            running.append(threading.get_ident())
            begun.release()
            go.wait(30)
            return len(running)

        inside = [asyncio.create_task(pool.run(work)) for _ in range(5)]
        for _ in range(2):
            await asyncio.to_thread(begun.acquire)
        with pytest.raises(TenutoError) as refused:
            await pool.run(work)
        assert refused.value.fault.kind is FaultKind.UNAVAILABLE
        assert refused.value.fault.retryable
        assert len(running) == 2
        going_on = asyncio.create_task(pool.go_on(lambda: "never refused half-way"))
        go.set()
        assert await going_on == "never refused half-way"
        await asyncio.gather(*inside)
        assert len(set(running)) == 2
        assert await pool.run(lambda: "room again") == "room again"

    asyncio.run(scenario())


def test_what_fails_gives_its_place_back() -> None:
    async def scenario() -> None:
        pool = HandlerPool(1, 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0)

    asyncio.run(scenario())
