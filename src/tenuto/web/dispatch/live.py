"""Live pages as server-sent events: bounded in number and age, and gone when the reader leaves."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import anyio
import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.web.dispatch.pool import HandlerPool
from tenuto.web.errors import STREAMS_EXHAUSTED
from tenuto.web.words import Live, LiveEvent, Tick, View

MEDIA_TYPE = "text/event-stream"
END = "end"  # no more news will come
PROBLEM = "problem"  # for programs; a page gets the problem as a part to show
LEAVE = "leave"  # the reader may no longer see this
_RETRY_MS = 2_000


class LiveLimits(msgspec.Struct, frozen=True):
    pages: int
    seconds: float
    heartbeat: float


class LivePages:
    def __init__(self, pool: HandlerPool, clock: Clock, limits: LiveLimits) -> None:
        self._pool = pool
        self._clock = clock
        self._limits = limits
        self._open = 0

    @contextmanager
    def _place(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def require_room(self) -> None:
        if self._open >= self._limits.pages:
            raise TenutoError(STREAMS_EXHAUSTED, f"{self._open} are open")

    async def events(
        self,
        live: Live,
        cursor: str,
        *,
        still_welcome: Callable[[], bool],
        render: Callable[[View], str],
    ) -> AsyncIterator[bytes]:
        """Yield the wire form of what happens, until it is done, the reader is unwelcome, or time is up."""
        with self._place():
            yield f"retry: {_RETRY_MS}\n\n".encode()
            began = spoke = self._clock.monotonic()
            while self._clock.monotonic() - began < self._limits.seconds:
                if not await self._pool.go_on(still_welcome):
                    yield wire_event(LEAVE, "", "")
                    return
                tick = await self._pool.go_on(functools.partial(_read, live, cursor, render))
                cursor = tick.cursor
                if tick.events:
                    yield b"".join(_wire(event, cursor) for event in tick.events)
                    spoke = self._clock.monotonic()
                elif self._clock.monotonic() - spoke >= self._limits.heartbeat:
                    yield b": still here\n\n"
                    spoke = self._clock.monotonic()
                if tick.done:
                    yield wire_event(END, "", cursor)
                    return
                await anyio.sleep(live.interval)


def _read(live: Live, cursor: str, render: Callable[[View], str]) -> Tick:
    """Read and render in one thread: both may take a while."""
    tick = live.read(cursor)
    events = tuple(
        LiveEvent(render(event.data) if isinstance(event.data, View) else event.data, event.name)
        for event in tick.events
    )
    return Tick(tick.cursor, events, tick.done)


def _wire(event: LiveEvent, cursor: str) -> bytes:
    assert isinstance(event.data, str)
    return wire_event(event.name, event.data, cursor)


def wire_event(name: str, data: str, cursor: str) -> bytes:
    """Return one event of the server-sent events format. Line ends inside names and cursors cannot occur."""
    lines = [f"event: {_one_line(name)}"] if name else []
    lines += [f"id: {_one_line(cursor)}"] if cursor else []
    lines += [f"data: {line}" for line in data.splitlines()] or ["data:"]
    return ("\n".join(lines) + "\n\n").encode()


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
