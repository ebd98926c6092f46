"""From a route and its values to a request, and from the answer to a word."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from tenuto.client.errors import ANSWER_UNREADABLE, FILE_NOT_WRITTEN
from tenuto.client.http import Connection, Message
from tenuto.core.errors import INVALID_VALUE, TenutoError

T = TypeVar("T")

_JSON = "application/json"
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Request(msgspec.Struct, frozen=True):
    """One use of a route. ``values`` fill the places of its path; what is None in ``query`` is left out."""

    method: str
    path: str
    values: dict[str, str] = {}
    query: dict[str, str | int | None] = {}
    body: dict[str, Any] | None = None


class Calls:
    """Sends requests of one caller, in one workspace or in none."""

    def __init__(self, connection: Connection, token: str | None, workspace: str | None) -> None:
        self._connection = connection
        self._token = token
        self._workspace = workspace

    def send(self, request: Request, kind: type[T]) -> T:
        """Send a request and return its answer as ``kind``."""
        content = self._connection.fetch(self._message(request))
        return _read(content, kind)

    def upload(self, request: Request, file: BinaryIO, size: int, media_type: str, kind: type[T]) -> T:
        """Send a file as the body, piece by piece."""
        headers = self._headers() | {"Content-Type": media_type}
        message = Message(
            method=request.method, target=_target(request), headers=headers, file=file, size=size
        )
        return _read(self._connection.fetch(message), kind)

    def download(self, request: Request, target: Path) -> int:
        """Write the answer to a new file that nobody else can read. What breaks off leaves no file."""
        try:
            with open(target, "xb", opener=_private) as file:
                try:
                    size = self._connection.download(self._message(request), file)
                    file.flush()  # here and not when it is closed: what does not fit leaves no file
                except BaseException:
                    target.unlink()
                    raise
                return size
        except OSError as error:
            raise TenutoError(FILE_NOT_WRITTEN, f"{target}: {error.strerror}") from error

    def within(self, workspace: str | None) -> Calls:
        return Calls(self._connection, self._token, workspace)

    def _message(self, request: Request) -> Message:
        headers, body = self._headers(), None
        if request.body is not None:
            body = msgspec.json.encode(request.body)
            headers["Content-Type"] = _JSON
        return Message(method=request.method, target=_target(request), headers=headers, body=body)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": _JSON, "User-Agent": "tenuto-python"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {_header_text('token', self._token)}"
        if self._workspace is not None:
            headers["tenuto-workspace"] = _header_text("workspace", self._workspace)
        return headers


def _target(request: Request) -> str:
    path = _PLACE.sub(lambda place: _segment(place[1], request.values[place[1]]), request.path)
    given = {name: str(value) for name, value in request.query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _segment(name: str, value: str) -> str:
    if not value or value in {".", ".."}:
        raise TenutoError(INVALID_VALUE, f"{name}: {value!r} names nothing", field=name)
    return quote(value, safe="")


def _header_text(name: str, value: str) -> str:
    """Return a value that can stand in a header. It may be a secret, so it is not repeated in the error."""
    if not value or not all("!" <= character <= "~" for character in value):
        raise TenutoError(INVALID_VALUE, f"{name}: visible ASCII characters only, no spaces", field=name)
    return value


def _read(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TenutoError(ANSWER_UNREADABLE, str(error)) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
