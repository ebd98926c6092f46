"""One connection to one upstream, answering one request at a time.

The consumer owns the connection until it releases it: a connection whose parser has seen the end of an answer
may still hold pieces nobody has read, and would hand them to the next caller.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from tenuto.core.errors import TenutoError
from tenuto.gateway.client.words import LARGEST_HEAD, MOST_HEADERS
from tenuto.gateway.errors import UPSTREAM_CUT, UPSTREAM_MALFORMED, UPSTREAM_TIMEOUT, UPSTREAM_UNREACHABLE

_PAUSE_ABOVE = 256 * 1024
_RESUME_BELOW = 64 * 1024


class Connection(asyncio.Protocol):
    """Bytes in, one response out. All waiting happens in ``head``, ``piece`` and ``drain``."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._reading = True
        self._failure: TenutoError | None = None
        self._busy = False
        self._bodiless = False
        self._reset()
        self.used = 0  # answers received
        self.idle_since = 0.0

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.untouched = True  # no byte of the answer has come
        self.complete = False
        self._headed = False
        self._head_size = 0
        self._until_close = False
        self._kept = False

    # What the pool and the exchange call

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and self._failure is None

    @property
    def exhausted(self) -> bool:
        return self.complete and not self._pieces

    @property
    def reusable(self) -> bool:
        """Nothing of the last answer is missing or left over, and the upstream keeps the connection."""
        return self.open and self.exhausted and self._kept

    def start(self, data: bytes, *, bodiless: bool) -> None:
        """Send the beginning of a request; ``bodiless``: its answer has no body whatever its headers say."""
        assert self._transport is not None
        self._reset()
        self._busy = True
        self._bodiless = bodiless
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self, patience: float) -> None:
        """Wait until the upstream has taken enough of what was written."""
        if self._drained is not None:
            await self._patiently(self._drained, patience, "it took nothing of the body")
        if self._failure is not None:
            raise self._failure

    async def head(self, patience: float) -> None:
        while not self._headed:
            await self._wait(patience, "it sent no answer")

    async def piece(self, patience: float) -> bytes:
        """Return the next piece of the body, empty at its end."""
        while not self._pieces:
            if self.complete:
                return b""
            await self._wait(patience, "it paused in the middle of its answer")
        joined = self._pieces.popleft() if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        self._resume()
        return joined

    def release(self) -> None:
        """Give the connection up after its answer was read to the end."""
        self._busy = False
        self.used += 1

    def abort(self) -> None:
        """Drop the connection at once: the upstream sees that nobody waits any more."""
        self._busy = False
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self, patience: float, missing: str) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._patiently(self._waiter, patience, missing)
        finally:
            self._waiter = None

    async def _patiently(self, waited_for: asyncio.Future[None], patience: float, missing: str) -> None:
        timer = self._loop.call_later(patience, self._out_of_patience, waited_for, missing, patience)
        try:
            await waited_for
        finally:
            timer.cancel()

    @staticmethod
    def _out_of_patience(waiter: asyncio.Future[None], missing: str, patience: float) -> None:
        if not waiter.done():
            waiter.set_exception(TenutoError(UPSTREAM_TIMEOUT, f"{missing} for {patience:g} s"))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def fail(self, error: TenutoError) -> None:
        """Make whoever waits for the answer, or will, fail with ``error``."""
        if self._failure is None:
            self._failure = error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._failure)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._busy or self.complete:
            self.abort()  # nobody asked: what follows an answer unasked belongs to nobody
            return
        self.untouched = False
        if not self._headed:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            cause = error.__context__ if isinstance(error.__context__, TenutoError) else None
            self.fail(cause or TenutoError(UPSTREAM_MALFORMED, f"not HTTP: {error}"))
            self.abort()
            return
        if not self._headed and self._head_size > LARGEST_HEAD:
            self.fail(TenutoError(UPSTREAM_MALFORMED, f"more than {LARGEST_HEAD} bytes of headers"))
            self.abort()

    def eof_received(self) -> bool:
        return False  # close our side too

    def connection_lost(self, exc: Exception | None) -> None:
        if self._busy and not self.complete:
            if self._headed and self._until_close and exc is None:
                self.complete = True
                self._wake()
            elif self.untouched:
                self.fail(TenutoError(UPSTREAM_UNREACHABLE, "the connection was closed without an answer"))
            else:
                self.fail(TenutoError(UPSTREAM_CUT, "the connection was closed in the middle of the answer"))
        self._transport = None
        self.resume_writing()

    def pause_writing(self) -> None:
        if self._drained is None:
            self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # What the parser calls

    def on_message_begin(self) -> None:
        if self.complete:
            raise TenutoError(UPSTREAM_MALFORMED, "a second answer to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= MOST_HEADERS:
            raise TenutoError(UPSTREAM_MALFORMED, f"more than {MOST_HEADERS} headers")
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self.headers.clear()
            return
        self.status = status
        self._headed = True
        framed = any(name in {"content-length", "transfer-encoding"} for name, _ in self.headers)
        self._until_close = not framed
        if self._bodiless:
            self.complete = True
        self._wake()

    def on_body(self, body: bytes) -> None:
        if self._bodiless:
            return
        self._pieces.append(body)
        self._held += len(body)
        if self._held > _PAUSE_ABOVE and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self._headed:
            self.complete = True
            self._kept = bool(
                self._parser.should_keep_alive()
            )  # the parser knows until the next message only
            self._wake()

    def _resume(self) -> None:
        if not self._reading and self._held < _RESUME_BELOW and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
