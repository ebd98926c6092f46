"""An answer of any size whose sender waits for the caller to read.

The server's own stream takes whatever it is given into memory. What it reads from a file, it reads only as
fast as the caller takes it; so a large answer goes through a pipe that the server opens as a file. The read
end stays open here until the last byte is taken, because nothing tells when the server has opened its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios

from tenuto.gateway.server.transport import CallerGone

_POLL = 0.02  # seconds between looks at a pipe that waits to be emptied


class PipeSink:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read, self._write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write, False)
        self.path = f"/proc/self/fd/{self._read}"
        self._open = True

    async def send(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            if not self._open:
                raise CallerGone
            try:
                rest = rest[os.write(self._write, rest) :]
            except BlockingIOError:
                await self._writable()
            except BrokenPipeError as error:
                raise CallerGone from error

    async def _writable(self) -> None:
        ready = self._loop.create_future()
        self._loop.add_writer(self._write, _done, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._write)

    async def end(self) -> None:
        """Wait until everything is taken, then close. Cancel it when the caller is gone."""
        try:
            while self._open and self._unread():  # noqa: ASYNC110  # a pipe tells nobody that it was emptied
                await asyncio.sleep(_POLL)
        finally:
            self.abandon()

    def abandon(self) -> None:
        if self._open:
            self._open = False
            os.close(self._write)
            os.close(self._read)

    def _unread(self) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self._read, termios.FIONREAD, b"\0" * 4))[0])


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
