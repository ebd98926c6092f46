"""Sends requests and hands out responses.

    with await client.send(origin, request, patience=30) as response:
        while piece := await response.piece(patience=60):
            ...

Leaving the block gives the connection back, or drops it when the answer was not read to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from types import TracebackType
from typing import Self

from tenuto.core.errors import TenutoError
from tenuto.gateway.client.connection import Connection
from tenuto.gateway.client.pool import Pool
from tenuto.gateway.client.words import Header, Origin, OutRequest, head_of
from tenuto.gateway.errors import ANSWER_TOO_LARGE, BODY_CUT, UPSTREAM_TIMEOUT, UPSTREAM_UNREACHABLE

_BODILESS = frozenset({"HEAD"})


class Response:
    def __init__(
        self, pool: Pool, origin: Origin, connection: Connection, upload: asyncio.Task[None] | None
    ) -> None:
        self._pool = pool
        self._origin = origin
        self._connection = connection
        self._upload = upload
        self._closed = False
        self.status = connection.status
        self.headers: list[Header] = connection.headers

    @property
    def complete(self) -> bool:
        """Nothing more will come than what was read already."""
        return self._connection.exhausted

    def header(self, name: str) -> str:
        """Return the first value of a header, empty where there is none."""
        return next((value for known, value in self.headers if known == name), "")

    async def piece(self, patience: float) -> bytes:
        """Return the next piece of the body as it came, empty at its end."""
        return await self._connection.piece(patience)

    async def read(self, patience: float, most: int) -> bytes:
        """Return the whole body. Raises ``TenutoError`` when it is larger than ``most``."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self._connection.piece(patience):
            size += len(piece)
            if size > most:
                raise TenutoError(ANSWER_TOO_LARGE, f"more than {most} bytes")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._upload is not None and not self._upload.done():
            self._upload.cancel()
            self._connection.abort()
        self._pool.release(self._origin, self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class UpstreamClient:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def send(self, origin: Origin, request: OutRequest, patience: float) -> Response:
        """Send a request and wait for the head of its answer. Redirects are answers like any other."""
        head = head_of(request, origin)
        connection = await self._pool.acquire(origin)
        pooled = connection.used > 0
        try:
            return await self._exchange(origin, request, head, connection, patience)
        except TenutoError as error:
            stale = pooled and connection.untouched and error.fault is UPSTREAM_UNREACHABLE
            if not (stale and request.replayable):
                raise
        connection = await self._pool.acquire(origin, fresh=True)
        return await self._exchange(origin, request, head, connection, patience)

    async def _exchange(
        self, origin: Origin, request: OutRequest, head: bytes, connection: Connection, patience: float
    ) -> Response:
        upload: asyncio.Task[None] | None = None
        try:
            bodiless = request.method in _BODILESS
            if isinstance(request.body, bytes):
                connection.start(head + request.body, bodiless=bodiless)
            else:
                connection.start(head, bodiless=bodiless)
                upload = asyncio.ensure_future(
                    _send_pieces(connection, request.body, request.length, patience)
                )
            await _answered(connection, upload, patience)
        except BaseException:
            if upload is not None:
                upload.cancel()
            connection.abort()
            self._pool.release(origin, connection)
            raise
        return Response(self._pool, origin, connection, upload)

    def close(self) -> None:
        self._pool.close()


async def _answered(connection: Connection, upload: asyncio.Task[None] | None, patience: float) -> None:
    """Wait for the head; while a body is still being sent, silence is no sign of trouble."""
    while True:
        try:
            await connection.head(patience)
        except TenutoError as error:
            if error.fault is UPSTREAM_TIMEOUT and upload is not None and not upload.done():
                continue
            raise
        return


async def _send_pieces(
    connection: Connection, pieces: AsyncIterable[bytes], length: int | None, patience: float
) -> None:
    """Send a body as it comes. When it breaks off, the upstream must not take the part for the whole."""
    sent = 0
    try:
        async for piece in pieces:
            if not piece:
                continue
            sent += len(piece)
            connection.write(piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
            await connection.drain(patience)
        if length is not None and sent != length:
            raise TenutoError(BODY_CUT, f"{sent} of {length} bytes came")
        if length is None:
            connection.write(b"0\r\n\r\n")
    except TenutoError as error:
        connection.fail(error)
        connection.abort()
