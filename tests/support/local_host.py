"""A plain HTTP server behind a local socket, standing in for the control plane or a serving process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

PIECE = 256 * 1024


class LocalHost:
    """Answers by path: see ``_answer``. What it received last is in ``seen``."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.seen: dict[str, object] = {}
        self.sent = 0  # bytes written of the current large answer
        self.gone = 0  # requests and answers that broke off
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_unix_server(self._connection, self.socket)
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await _head(reader):
                await self._request(head, reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone += 1
        finally:
            writer.close()

    async def _request(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        digest, size = hashlib.sha256(), 0
        async for piece in _body(dict(headers), reader):  # type: ignore[arg-type]
            digest.update(piece)
            size += len(piece)
        self.seen = {
            "method": method,
            "target": target,
            "headers": headers,
            "size": size,
            "digest": digest.hexdigest(),
        }
        await self._answer(method, target.partition("?")[0], writer)

    async def _answer(self, method: str, path: str, writer: asyncio.StreamWriter) -> None:
        if path.startswith("/large/"):
            await self._large(int(path.removeprefix("/large/")), writer)
        elif path == "/unknown-length":
            await _chunks(writer, [b"x" * PIECE] * 4, "application/octet-stream")
        elif path == "/events":
            await _chunks(writer, [b"data: 1\n\n", b"data: 2\n\n"], "text/event-stream", pause=0.1)
        elif path == "/cut":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n" + b"x" * 1_000_000)
            await writer.drain()
            writer.transport.abort()
        elif path == "/empty":
            writer.write(b"HTTP/1.1 204 No Content\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\n")
        else:
            body = b"" if method == "HEAD" else json.dumps(self.seen).encode()
            length = len(body) or 1234
            kind = f"content-type: application/json\r\ncontent-length: {length}"
            writer.write(f"HTTP/1.1 200 OK\r\n{kind}\r\n\r\n".encode() + body)

    async def _large(self, size: int, writer: asyncio.StreamWriter) -> None:
        self.sent = 0
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode())
        while self.sent < size:
            piece = b"z" * min(PIECE, size - self.sent)
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece)


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return ""  # an idle connection was closed


async def _body(headers: dict[str, str], reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return
    left = int(headers.get("content-length", "0"))
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


async def _chunks(writer: asyncio.StreamWriter, pieces: list[bytes], kind: str, pause: float = 0.0) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    for piece in pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(pause)
    writer.write(b"0\r\n\r\n")
