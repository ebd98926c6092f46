"""Reading a request body within its limit: refused before it is read where the client says how long it is."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request

from tenuto.core.decoding import decode_json
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.store.space import Room
from tenuto.web.errors import (
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    HEADER_INVALID,
    MEDIA_TYPE_UNKNOWN,
    UPLOAD_NO_SPACE,
)
from tenuto.web.words import Received

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def require_length(headers: Headers, limit: int) -> int:
    """Return the announced length, 0 if there is none. Raises TOO_LARGE when it is beyond the limit."""
    announced = headers.get("content-length")
    if announced is None:
        return 0
    if not (announced.isascii() and announced.isdigit()):
        raise TenutoError(HEADER_INVALID, "Content-Length is a number of bytes")
    if int(announced) > limit:
        raise _too_large(limit)
    return int(announced)


def require_media_type(headers: Headers, wanted: str) -> None:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != wanted or charset not in {"", "charset=utf-8"}:
        raise TenutoError(MEDIA_TYPE_UNKNOWN, f"this address takes `{wanted}` in UTF-8")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body. Raises TOO_LARGE as soon as it grows beyond the limit."""
    require_length(request.headers, limit)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise _too_large(limit)
    return bytes(content)


def decode_body(content: bytes, kind: type[msgspec.Struct]) -> Any:
    """Read a JSON body as ``kind``. Raises INVALID naming the place and the nearest known field."""
    try:
        return decode_json(content, kind)
    except RecursionError:
        raise TenutoError(BODY_MALFORMED, "nested too deeply") from None
    except TenutoError as error:
        if error.fault is INVALID_VALUE and "field" not in error.context:
            raise TenutoError(BODY_MALFORMED, error.detail) from None
        raise


@asynccontextmanager
async def received_upload(request: Request, room: Room, limit: int) -> AsyncIterator[Received]:
    """Stream the body to a file in the room and digest it on the way. The file goes when the block ends.

    What is announced as more than the limit or the disk can take is refused before it is read.
    """
    room.require(UPLOAD_NO_SPACE, require_length(request.headers, limit))
    file, path = await anyio.to_thread.run_sync(_new_file, room.folder)
    try:
        with file:
            size, digest = await _fill(request, file, limit)
        media_type = request.headers.get("content-type", "application/octet-stream")
        yield Received(path, size, f"sha256:{digest}", media_type)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove, path)


def _new_file(folder: Path) -> tuple[FileIO, Path]:
    """Open a fresh private file. Unbuffered, so that a full disk shows at the write and not at the close."""
    try:
        handle, name = tempfile.mkstemp(prefix="upload-", dir=folder)
    except OSError as error:
        raise _explained(error) from error
    return FileIO(handle, "wb"), Path(name)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _fill(request: Request, file: FileIO, limit: int) -> tuple[int, str]:
    size, state = 0, hashlib.sha256()

    def write(chunk: bytes) -> None:
        state.update(chunk)
        left = memoryview(chunk)
        while left:
            left = left[file.write(left) :]

    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            await anyio.to_thread.run_sync(write, chunk)
    except OSError as error:
        raise _explained(error) from error
    return size, state.hexdigest()


def _explained(error: OSError) -> Exception:
    if error.errno in _NO_SPACE:
        return TenutoError(UPLOAD_NO_SPACE, os.strerror(error.errno or errno.ENOSPC))
    return error


def _too_large(limit: int) -> TenutoError:
    return TenutoError(BODY_TOO_LARGE, f"at most {limit} bytes are taken here", limit=limit)
