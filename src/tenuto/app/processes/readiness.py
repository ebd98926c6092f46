"""When a server of a process has begun to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def until_open(connect: Callable[[], Awaitable[Opened]], serving: asyncio.Future[None]) -> None:
    """Wait until ``connect`` succeeds or the server has ended, so that "ready" is true when it is said."""
    while not serving.done():
        try:
            _, writer = await connect()
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
