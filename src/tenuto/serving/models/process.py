"""The server's end of one native model's process: start it, ask it, notice its death, end it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving import errors
from tenuto.serving.models.frames import LENGTHS, Opening, Reply, pack, pack_question, unpack_tensors
from tenuto.serving.words import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array

    _Door: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_TAIL = 2000
_BUFFER = 1 << 20
_LONGEST_HEAD = 1 << 20
_LONGEST_PAYLOAD = 1 << 30
# One thread: many small models share the machine, and a request is too small to share among threads.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_FAULTS = {
    fault.code: fault
    for fault in (
        errors.MODEL_DIGEST,
        errors.MODEL_FAILED,
        errors.MODEL_FILE,
        errors.MODEL_NOT_CLEARED,
        errors.MODEL_REFUSED,
        errors.MODEL_TYPES,
        errors.MODEL_UNREADABLE,
    )
}


class ProcessEndedError(Exception):
    """The process is gone, or was ended because it did not answer in time."""


class NativeProcess:
    """One running process. Ask it one question at a time."""

    def __init__(self, process: subprocess.Popen[bytes], door: _Door, tail: _Tail) -> None:
        self._process = process
        self._reader, self._writer = door
        self._tail = tail
        self.isolation: tuple[str, ...] = ()

    @classmethod
    async def start(cls, spec: ModelSpec, memory_bytes: int, seconds: float) -> NativeProcess:
        """Start a process that has opened the model. Raises ``MODEL_*``; nothing is left running then."""
        native = await cls._connect()
        await native.open(spec, memory_bytes, seconds)
        return native

    async def open(self, spec: ModelSpec, memory_bytes: int, seconds: float) -> None:
        """The first word of the talk; said once, by ``start``."""
        try:
            reply, _ = await self._talk(pack(Opening(spec, memory_bytes)), seconds)
        except ProcessEndedError as error:
            raise TenutoError(errors.MODEL_LOAD, str(error)) from error
        except TenutoError:
            await self.end()
            raise
        self.isolation = reply.isolation

    @classmethod
    async def _connect(cls) -> NativeProcess:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = _spawn(theirs.fileno())
        except OSError as error:
            ours.close()
            raise TenutoError(errors.MODEL_LOAD, f"no process could be started: {error.strerror}") from error
        tail = _Tail()
        try:
            door = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER)
            await asyncio.get_running_loop().connect_read_pipe(lambda: tail, process.stderr)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return cls(process, door, tail)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(
        self, inputs: Mapping[str, Array], wanted: tuple[str, ...], seconds: float
    ) -> dict[str, Array]:
        """Raises ``MODEL_REFUSED``, ``MODEL_FAILED``, or ``ProcessEndedError`` (also after ``seconds``)."""
        reply, payload = await self._talk(pack_question(wanted, inputs), seconds)
        try:
            outputs = unpack_tensors(reply.tensors, payload)
        except TenutoError as error:
            raise TenutoError(errors.MODEL_FAILED, f"its answer cannot be read: {error.detail}") from error
        if set(outputs) != set(wanted):
            raise TenutoError(errors.MODEL_FAILED, f"asked for {list(wanted)}, got {list(outputs)}")
        return outputs

    async def ended(self) -> str:
        """Wait for the end of the process, and tell it."""
        await self._tail.closed.wait()
        await self.end()
        return self._obituary()

    async def end(self) -> None:
        """Kill it and wait until it is gone. Safe to call twice."""
        self._process.kill()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(self._process.wait)
        await self._tail.closed.wait()

    async def _talk(self, message: bytes, seconds: float) -> tuple[Reply, bytes]:
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(message)
                await self._writer.drain()
                reply, payload = await self._receive()
        except TimeoutError as error:
            await self.end()
            raise ProcessEndedError(f"no answer within {seconds:g} s") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.end()
            raise ProcessEndedError(self._obituary()) from error
        except ValueError as error:
            await self.end()  # whoever breaks the form of the talk is not asked again
            raise ProcessEndedError(f"the answer cannot be read: {error}") from error
        except asyncio.CancelledError:
            await self.end()  # half a conversation cannot be taken up again
            raise
        if reply.error is not None:
            code, detail = reply.error
            raise TenutoError(_FAULTS.get(code, errors.MODEL_FAILED), detail)
        return reply, payload

    async def _receive(self) -> tuple[Reply, bytes]:
        head = await self._reader.readexactly(LENGTHS.size)
        json_length, payload_length = LENGTHS.unpack(head)
        if json_length > _LONGEST_HEAD or payload_length > _LONGEST_PAYLOAD:
            raise ValueError(f"{json_length} + {payload_length} bytes are announced")
        reply = msgspec.json.decode(await self._reader.readexactly(json_length), type=Reply)
        return reply, await self._reader.readexactly(payload_length)

    def _obituary(self) -> str:
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        return f"the process ended with {how}{self._tail}"


class _Tail(asyncio.Protocol):
    """Keeps the last of what the process wrote to its standard error, and lets the pipe never fill.

    The pipe closes when the process ends, however it ends: that is how an idle process is known to be gone.
    """

    def __init__(self) -> None:
        self._text = b""
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._text = (self._text + data)[-_TAIL:]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's form
        self.closed.set()

    def __str__(self) -> str:
        text = self._text.decode(errors="replace").strip()
        return f"; it wrote: {text}" if text else ""


def _spawn(descriptor: int) -> subprocess.Popen[bytes]:
    """A fresh interpreter, isolated from the environment, in a session of its own.

    Called on the main thread only: the process asks the kernel to die with the thread that started it.
    """
    command = [sys.executable, "-I", "-B", "-m", "tenuto.serving.models.child", str(descriptor)]
    return subprocess.Popen(  # noqa: S603 -- our own interpreter and module, no shell, no foreign word
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_ENVIRONMENT,
        cwd="/",
        pass_fds=(descriptor,),
        start_new_session=True,
    )
