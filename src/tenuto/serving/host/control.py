"""The control socket: one JSON object per line, answered by one JSON object per line.

    {"op": "apply", "table": {...}}                      -> {"outcome": {...}}
    {"op": "status"}                                     -> {"status": {...}}
    {"op": "predictions", "after": "", "limit": 1000}    -> {"mark": "...", "records": [...]}
    anything that fails                                  -> {"error": {"code": ..., "fix": ..., ...}}

The last table taken is kept in a file, so that a server that was killed starts again with it on its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tenuto.core.errors import Fault, TenutoError
from tenuto.serving import errors
from tenuto.serving.errors import HOST_AWAY, HOST_CONTROL, HOST_INTERNAL
from tenuto.serving.host.settings import socket_path
from tenuto.serving.ports import Deployable
from tenuto.serving.words import ApplyOutcome, DeploymentTable, HostStatus, PredictionRecord

_LOG = logging.getLogger(__name__)
_LONGEST_LINE = 64 << 20
_T = TypeVar("_T")


class _Apply(msgspec.Struct, frozen=True, tag_field="op", tag="apply"):
    table: DeploymentTable


class _Status(msgspec.Struct, frozen=True, tag_field="op", tag="status"):
    pass


class _Predictions(msgspec.Struct, frozen=True, tag_field="op", tag="predictions"):
    after: str = ""
    limit: int = 1000


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    outcome: ApplyOutcome | None = None
    status: HostStatus | None = None
    mark: str | None = None
    records: list[PredictionRecord] | None = None
    error: dict[str, Any] | None = None


_MESSAGE: msgspec.json.Decoder[_Apply | _Status | _Predictions] = msgspec.json.Decoder(
    _Apply | _Status | _Predictions
)


class ControlSocket:
    """A ``DeploymentSource`` that others reach through a socket file only its owner may open."""

    def __init__(self, path: str, table_file: str | None = None) -> None:
        self._path = path
        self._table_file = Path(table_file) if table_file else None

    async def first(self) -> DeploymentTable | None:
        """The table kept last. One that cannot be read is reported and left for whoever sends the next."""
        if self._table_file is None or not self._table_file.exists():
            return None
        try:
            return msgspec.json.decode(self._table_file.read_bytes(), type=DeploymentTable)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            _LOG.exception("the kept deployment table %s cannot be read", self._table_file)
            return None

    async def follow(self, host: Deployable) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.closing(writer), contextlib.suppress(ConnectionError):
                while line := await _line(reader):
                    writer.write(msgspec.json.encode(await self._answer(host, line)) + b"\n")
                    await writer.drain()

        path = socket_path(self._path)
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(serve, path, limit=_LONGEST_LINE)
        finally:
            os.umask(mask)
        try:
            async with server:
                await server.serve_forever()
        finally:
            path.unlink(missing_ok=True)

    async def _answer(self, host: Deployable, line: bytes) -> _Answer:
        try:
            return await self._act(host, line)
        except TenutoError as error:
            return _Answer(error=error.as_json())
        except Exception:  # noqa: BLE001 -- the request boundary of this door
            _LOG.exception("a control message failed")
            return _Answer(error=TenutoError(HOST_INTERNAL, "see the server's log").as_json())

    async def _act(self, host: Deployable, line: bytes) -> _Answer:
        try:
            message = _MESSAGE.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TenutoError(HOST_CONTROL, str(error)) from error
        if isinstance(message, _Apply):
            outcome = await host.apply(message.table)
            self._keep(message.table)
            return _Answer(outcome=outcome)
        if isinstance(message, _Status):
            return _Answer(status=host.status())
        mark, records = host.predictions(message.after, message.limit)
        return _Answer(mark=mark, records=records)

    def _keep(self, table: DeploymentTable) -> None:
        """Replace the file in one step: a server killed meanwhile finds the old table or the new one."""
        if self._table_file is None:
            return
        draft = self._table_file.with_name(self._table_file.name + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(table))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._table_file)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError:  # longer than any table: nothing after it can be trusted to start a message
        return b""


def _raised(told: dict[str, Any]) -> TenutoError:
    """The error as the server raised it. A fault this side does not know is an internal one."""
    known = {fault.code: fault for fault in vars(errors).values() if isinstance(fault, Fault)}
    fault = known.get(told["code"], HOST_INTERNAL)
    return TenutoError(fault, told["detail"], **told.get("context", {}))


class ControlClient:
    """The other end, for whoever runs a prediction server."""

    def __init__(self, path: str, seconds: float = 120.0) -> None:
        self._path = path
        self._seconds = seconds

    async def apply(self, table: DeploymentTable) -> ApplyOutcome:
        """Raises ``HOST_AWAY``, or what the server refused the table with."""
        answer = await self._ask(_Apply(table))
        return _present(answer.outcome)

    async def status(self) -> HostStatus:
        return _present((await self._ask(_Status())).status)

    async def predictions(self, after: str, limit: int = 1000) -> tuple[str, list[PredictionRecord]]:
        answer = await self._ask(_Predictions(after, limit))
        return _present(answer.mark), answer.records or []

    async def _ask(self, message: msgspec.Struct) -> _Answer:
        try:
            async with asyncio.timeout(self._seconds):
                line = await self._exchange(msgspec.json.encode(message) + b"\n")
        except (OSError, TimeoutError) as error:
            raise TenutoError(HOST_AWAY, f"{self._path}: {error}") from error
        if not line:
            raise TenutoError(HOST_AWAY, f"{self._path}: hung up")
        answer = msgspec.json.decode(line, type=_Answer)
        if answer.error is not None:
            raise _raised(answer.error)
        return answer

    async def _exchange(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=_LONGEST_LINE)
        with contextlib.closing(writer):
            writer.write(line)
            await writer.drain()
            return await reader.readline()


def _present(value: _T | None) -> _T:
    if value is None:
        raise TenutoError(HOST_AWAY, "the answer is not to this question")
    return value
