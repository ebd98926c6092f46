"""Passes a request on to a process behind a local socket, and its answer back.

Nothing is held whole, in either direction. Headers that claim an identity are taken off; where the request
came from is written anew.
"""

from __future__ import annotations

import logging
from urllib.parse import quote

import msgspec

from tenuto.core.errors import Fault, TenutoError
from tenuto.gateway.client.http import Response
from tenuto.gateway.client.words import Header, OutRequest, local
from tenuto.gateway.errors import UPSTREAM_UNREACHABLE
from tenuto.gateway.rules import passed_headers, returned_headers
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.transport import Exchange, Headers, Sink

_log = logging.getLogger(__name__)

_SMALL = 256 * 1024
_BODILESS_STATUS = frozenset({204, 304})
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_USUALLY_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_REPLAYABLE = frozenset({"GET", "HEAD"})


class Errand(msgspec.Struct, frozen=True):
    """Where a request is passed to, on whose behalf, and what it means when nobody is there."""

    socket: str
    away: Fault
    request_id: str
    added: tuple[Header, ...] = ()
    most: int | None = None  # bytes of body that are taken


async def pass_on(parts: Parts, exchange: Exchange, errand: Errand) -> int:
    """Pass one request on and answer it. Returns the status; raises ``TenutoError`` when nobody answered."""
    request = await _request(exchange, errand)
    try:
        response = await parts.client.send(local(errand.socket), request, parts.limits.passing_idle)
    except TenutoError as error:
        if error.fault is UPSTREAM_UNREACHABLE:
            raise TenutoError(errand.away, "", retry_after=2) from error
        raise
    with response:
        await _answer(parts, exchange, response, errand, bodiless=exchange.method == "HEAD")
    return response.status


async def _request(exchange: Exchange, errand: Errand) -> OutRequest:
    target = quote(exchange.path, safe=_PATH_SAFE) + (f"?{exchange.query}" if exchange.query else "")
    headers = (*passed_headers(exchange.headers()), *_origin(exchange, errand), *errand.added)
    replayable = exchange.method in _REPLAYABLE
    length = exchange.header("content-length")
    size = int(length) if length.isdigit() else None
    if size is None and not exchange.header("transfer-encoding") and exchange.method in _USUALLY_BODILESS:
        return OutRequest(exchange.method, target, headers, replayable=replayable)
    if errand.most is not None or (size is not None and size <= _SMALL):
        body = await exchange.body(_SMALL if errand.most is None else errand.most)
        return OutRequest(exchange.method, target, headers, body, replayable=replayable)
    return OutRequest(exchange.method, target, headers, exchange.pieces(), size)


def _origin(exchange: Exchange, errand: Errand) -> tuple[Header, ...]:
    return (
        ("x-forwarded-for", exchange.source),
        ("x-forwarded-proto", exchange.scheme),
        ("x-request-id", errand.request_id),
    )


async def _answer(
    parts: Parts, exchange: Exchange, response: Response, errand: Errand, *, bodiless: bool
) -> None:
    kept = [header for header in returned_headers(response.headers) if header[0] != "x-request-id"]
    headers: Headers = [*kept, ("x-request-id", errand.request_id)]
    if bodiless or response.status in _BODILESS_STATUS:
        exchange.answer(response.status, headers, b"")
        return
    patience = parts.limits.passing_idle
    length = response.header("content-length")
    if length.isdigit() and int(length) <= _SMALL:
        exchange.answer(response.status, headers, await response.read(patience, _SMALL))
        return
    if response.header("content-type").startswith("text/event-stream"):
        await _copy(response, exchange.stream(response.status, headers), b"", patience)
        return
    first = await response.piece(patience)
    if response.complete and not length:
        exchange.answer(response.status, headers, first)
        return
    await _copy(response, await exchange.paced_stream(response.status, headers), first, patience)


async def _copy(response: Response, sink: Sink, first: bytes, patience: float) -> None:
    """Copy the rest of an answer. One that breaks off can only be cut short: its headers are gone."""
    try:
        piece = first or await response.piece(patience)
        while piece:
            await sink.send(piece)
            piece = await response.piece(patience)
        await sink.end()
    except TenutoError as error:
        _log.warning("passing.cut reason=%s", error)
    finally:
        sink.abandon()
