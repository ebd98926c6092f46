"""Addresses, requests and limits of the upstream client."""

from __future__ import annotations

from collections.abc import AsyncIterable
from urllib.parse import urlsplit

import msgspec

from tenuto.core.errors import INVALID_VALUE, TenutoError

LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 200

Header = tuple[str, str]


class Origin(msgspec.Struct, frozen=True):
    """Where a connection leads: scheme, host and port, or the path of a local socket."""

    scheme: str
    host: str
    port: int
    socket: str = ""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = {"http": 80, "https": 443}.get(self.scheme)
        return host if self.port == standard else f"{host}:{self.port}"

    def __str__(self) -> str:
        return self.socket or f"{self.scheme}://{self.authority}"


def local(socket: str) -> Origin:
    """Return the origin behind a local socket."""
    return Origin("http", "localhost", 80, socket)


def split_base(base_url: str) -> tuple[Origin, str]:
    """Split a configured base address into its origin and the path before every call's own."""
    try:
        parts = urlsplit(base_url)
        given = parts.port
    except ValueError as error:
        raise TenutoError(INVALID_VALUE, f"a base address: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TenutoError(INVALID_VALUE, "a base address starts with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise TenutoError(INVALID_VALUE, "a base address holds no credential, query or fragment")
    port = given or (443 if parts.scheme == "https" else 80)
    return Origin(parts.scheme, parts.hostname, port), parts.path.rstrip("/")


class OutRequest(msgspec.Struct, frozen=True):
    """A request to send. ``body`` is bytes, or pieces that are sent as they come.

    ``length`` is the size of a body in pieces, None when it is not known. ``replayable`` allows one more try
    on a fresh connection when a pooled one turns out to be dead before a single byte has come back.
    """

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes | AsyncIterable[bytes] = b""
    length: int | None = None
    replayable: bool = False


def head_of(request: OutRequest, origin: Origin) -> bytes:
    """Write the request line and the headers. Refuses what could smuggle a second request."""
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    if not any(name == "host" for name, _ in request.headers):
        lines.append(f"host: {origin.authority}")
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += _framing(request)
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head or " " in request.target:
        raise TenutoError(INVALID_VALUE, "a header or the path holds a line break or a space")
    return f"{head}\r\n\r\n".encode("latin-1")


def _framing(request: OutRequest) -> list[str]:
    if isinstance(request.body, bytes):
        bodiless = not request.body and request.method in {"GET", "HEAD", "OPTIONS", "DELETE"}
        return [] if bodiless else [f"content-length: {len(request.body)}"]
    if request.length is not None:
        return [f"content-length: {request.length}"]
    return ["transfer-encoding: chunked"]
