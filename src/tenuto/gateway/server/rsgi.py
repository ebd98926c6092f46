"""An exchange on granian's RSGI interface.

What was found about it, and has tests: a body that breaks off ends in two empty pieces instead of one; a
streamed answer is taken without bound, however slow its caller reads; a caller's going away is told to
whoever waits for it, but cancels nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

from granian._granian import RSGIProtocolClosed as ProtocolClosed
from granian._granian import RSGIProtocolError as ProtocolError

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import BODY_CUT, BODY_TOO_LARGE
from tenuto.gateway.origin import Network, origin_of
from tenuto.gateway.server.pipe import PipeSink
from tenuto.gateway.server.transport import CallerGone, Headers, Sink


class RsgiExchange:
    def __init__(self, scope: Any, protocol: Any, proxies: Sequence[Network] = ()) -> None:
        """``proxies`` are those whose ``X-Forwarded-For`` is believed."""
        self._proxies = proxies
        self._scope = scope
        self._protocol = protocol
        self._headers = scope.headers  # each access copies them all
        self.method: str = scope.method
        self.path: str = scope.path

    @property
    def query(self) -> str:
        return str(self._scope.query_string)

    @property
    def source(self) -> str:
        peer = str(self._scope.client).rpartition(":")[0].strip("[]")
        if not self._proxies:
            return peer
        return origin_of(peer, self._headers.get_all("x-forwarded-for"), self._proxies)

    @property
    def scheme(self) -> str:
        return str(self._scope.scheme)

    def header(self, name: str) -> str:
        return str(self._headers.get(name, ""))

    def headers(self) -> Headers:
        return list(self._headers.items())

    async def body(self, most: int) -> bytes:
        stated = self.header("content-length")
        if stated.isdigit():
            if int(stated) > most:
                raise _too_large(most)
            return await self._whole(int(stated))
        received = bytearray()
        async for piece in self.pieces():
            received += piece
            if len(received) > most:
                raise _too_large(most)
        return bytes(received)

    async def _whole(self, length: int) -> bytes:
        try:
            body = bytes(await self._protocol())
        except (ProtocolClosed, ProtocolError) as error:
            raise TenutoError(BODY_CUT, f"{length} bytes were announced") from error
        if len(body) != length:
            raise TenutoError(BODY_CUT, f"{len(body)} of {length} bytes came")
        return body

    async def pieces(self) -> AsyncIterator[bytes]:
        empty = 0
        async for piece in self._protocol:
            if piece:
                yield bytes(piece)
            else:
                empty += 1
        if empty > 1 and not self.header("trailer"):
            raise TenutoError(BODY_CUT, "the connection broke off")

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        if body:
            self._protocol.response_bytes(status, headers, body)
        else:
            self._protocol.response_empty(status, headers)

    def stream(self, status: int, headers: Headers) -> Sink:
        return _RsgiSink(self._protocol.response_stream(status, headers))

    async def paced_stream(self, status: int, headers: Headers) -> Sink:
        sink = PipeSink(asyncio.get_running_loop())
        self._protocol.response_file(status, headers, sink.path)
        return sink

    def gone(self) -> Awaitable[None]:
        gone: Awaitable[None] = self._protocol.client_disconnect()
        return gone


class _RsgiSink:
    def __init__(self, transport: Any) -> None:
        self._transport = transport

    async def send(self, piece: bytes) -> None:
        try:
            await self._transport.send_bytes(piece)
        except (ProtocolClosed, ProtocolError) as error:
            raise CallerGone from error

    async def end(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        self._transport = None  # the answer ends when nobody holds its transport


def _too_large(most: int) -> TenutoError:
    return TenutoError(BODY_TOO_LARGE, f"the limit is {most} bytes", limit=most)
