"""An answer of any size whose sender waits for the caller to read.

The server's own stream takes whatever it is given into memory. What it reads from a file, it reads only as
fast as the caller takes it; so a large answer goes through a pipe that the server opens as a file.

Nothing tells when the server has opened its end, and of an answer from a file nothing tells that the caller
went away. Both are seen in the pipe: once something was taken out of it, the server has it open, and our own
read end can be closed; from then on writing fails as soon as the server lets go.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios

from tenuto.gateway.server.transport import CallerGone

_POLL = 0.01  # seconds between looks at a pipe nobody has opened yet
_OPENED_WITHIN = 5.0  # seconds; the server opens it at once unless the caller is gone


class PipeSink:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        read, self._write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write, False)
        self.path = f"/proc/self/fd/{read}"
        self._read: int | None = read  # None once the server has its own
        self._written = 0
        self._open = True

    async def send(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            if not self._open:
                raise CallerGone
            try:
                taken = os.write(self._write, rest)
            except BlockingIOError:
                await self._writable()
            except BrokenPipeError as error:
                raise CallerGone from error
            else:
                self._written += taken
                rest = rest[taken:]
        if self._read is not None and self._taken_from():
            self._let_go()

    async def _writable(self) -> None:
        if self._read is not None:
            await self._opened()
            return
        ready = self._loop.create_future()
        self._loop.add_writer(self._write, _done, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._write)

    async def _opened(self) -> None:
        """Wait until the server has opened its end, then leave the pipe to it."""
        deadline = self._loop.time() + _OPENED_WITHIN
        while not self._taken_from():
            if self._loop.time() > deadline:
                raise CallerGone
            await asyncio.sleep(_POLL)
        self._let_go()

    async def end(self) -> None:
        """Close the pipe; the server goes on with what is still in it."""
        try:
            if self._read is not None and self._written:
                await self._opened()
        finally:
            self.abandon()

    def abandon(self) -> None:
        if self._open:
            self._open = False
            os.close(self._write)
            self._let_go()

    def _let_go(self) -> None:
        if self._read is not None:
            os.close(self._read)
            self._read = None

    def _taken_from(self) -> bool:
        assert self._read is not None
        unread: int = struct.unpack("i", fcntl.ioctl(self._read, termios.FIONREAD, b"\0" * 4))[0]
        return unread < self._written


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
