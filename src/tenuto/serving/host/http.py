"""The little HTTP of a prediction server: read a bounded body, write an answer, map faults to statuses."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import msgspec
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # documented there, not marked for export

from tenuto.core.errors import Fault, FaultKind, TenutoError
from tenuto.serving.errors import REQUEST_CUT, REQUEST_METHOD, REQUEST_TOO_LARGE, REQUEST_TOO_SLOW
from tenuto.serving.protocol.encode import HEADER_LENGTH, Answer, encode_error

_STATUSES = {
    FaultKind.INVALID: 400,
    FaultKind.UNAUTHENTICATED: 401,
    FaultKind.BUDGET: 402,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.CONFLICT: 409,
    FaultKind.TOO_LARGE: 413,
    FaultKind.UNSUPPORTED: 415,
    FaultKind.LIMITED: 429,
    FaultKind.INTERNAL: 500,
    FaultKind.UPSTREAM: 502,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.TIMEOUT: 504,
    FaultKind.NO_SPACE: 507,
}
# Where HTTP has a narrower word than the kind.
_NARROWER = {REQUEST_METHOD.code: 405, REQUEST_TOO_SLOW.code: 408}
_SKIPPED_AT_MOST = (
    4  # times the limit: how much of a refused body is read so that the client sees the refusal
)


class Headers(Protocol):
    def get(self, key: str, default: Any = None) -> Any: ...


class Scope(Protocol):
    """The part of RSGI's scope that is used."""

    method: str
    path: str  # percent-decoded

    @property
    def headers(self) -> Headers: ...


class Exchange(Protocol):
    """The part of RSGI's HTTP protocol that is used."""

    async def __call__(self) -> bytes: ...

    def __aiter__(self) -> Any: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Response(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    def send(self, exchange: Exchange, request_id: str) -> None:
        exchange.response_bytes(self.status, [*self.headers, ("x-request-id", request_id)], self.body)


def answered(answer: Answer) -> Response:
    if answer.json_length is None:
        return Response(200, answer.body)
    headers = (("content-type", "application/octet-stream"), (HEADER_LENGTH, str(answer.json_length)))
    return Response(200, answer.body, headers)


def refused(error: TenutoError) -> Response:
    headers = [("content-type", "application/json")]
    if "retry_after_seconds" in error.context:
        headers.append(("retry-after", str(error.context["retry_after_seconds"])))
    if "allow" in error.context:
        headers.append(("allow", error.context["allow"]))
    return Response(status_of(error.fault), encode_error(error), tuple(headers))


def status_of(fault: Fault) -> int:
    return _NARROWER.get(fault.code, _STATUSES[fault.kind])


async def read_body(scope: Scope, exchange: Exchange, limit: int, seconds: float) -> bytes:
    """Return the body. Raises ``REQUEST_TOO_LARGE``, ``REQUEST_TOO_SLOW`` or ``REQUEST_CUT``."""
    announced = scope.headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() else None
    try:
        async with asyncio.timeout(seconds):
            if length is not None and length <= limit:
                return await exchange()  # the server below never hands on more than was announced
            body = await _collect(exchange, limit, length or 0)
    except ProtocolClosed as error:
        raise TenutoError(REQUEST_CUT, "before the body was complete") from error
    except TimeoutError as error:
        raise TenutoError(REQUEST_TOO_SLOW, f"not complete after {seconds:g} s") from error
    if body is None:
        raise TenutoError(REQUEST_TOO_LARGE, f"more than {limit} bytes", limit=limit)
    return body


async def _collect(exchange: Exchange, limit: int, announced: int) -> bytes | None:
    """Return the body, or None when it is too large: then it is read on a while, unkept, because a client
    that is cut off while it sends seldom reads why.
    """
    body = bytearray()
    size = 0
    if announced > limit * _SKIPPED_AT_MOST:
        return None
    async for chunk in exchange:
        size += len(chunk)
        if size <= limit:
            body += chunk
        elif size > limit * _SKIPPED_AT_MOST:
            break
    return bytes(body) if size <= limit else None
