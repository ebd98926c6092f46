"""The control plane as one ASGI application.

The order never changes: one host, one reading of the path, the route, who asks, the body, the handler.
Whatever goes wrong is a TenutoError or is logged with its request id; no traceback reaches a client.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tenuto.core.errors import TenutoError
from tenuto.web.console.console import Console
from tenuto.web.dispatch.answers import JSON, Answers
from tenuto.web.dispatch.config import SiteConfig, SiteParts
from tenuto.web.dispatch.exchange import Exchange, begin
from tenuto.web.dispatch.handling import Handling
from tenuto.web.dispatch.live import LiveLimits, LivePages
from tenuto.web.dispatch.pages import Pages
from tenuto.web.dispatch.pool import HandlerPool
from tenuto.web.dispatch.submissions import Submissions
from tenuto.web.errors import UNEXPECTED
from tenuto.web.faults import error_body, error_headers, status_of
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.words import Surface
from tenuto.web.security.cookies import Cookies
from tenuto.web.security.csrf import CsrfTokens
from tenuto.web.security.flashes import Flashes
from tenuto.web.security.headers import security_headers
from tenuto.web.security.hosts import Hosts
from tenuto.web.security.identity_headers import REQUEST_ID
from tenuto.web.security.paths import path_of

_log = logging.getLogger("tenuto.web")
_PRIVATE = (b"cache-control", b"no-store")


class Site:
    """Serves a registry. Build it once per process and hand it to an ASGI server."""

    def __init__(self, registry: Registry, console: Console, config: SiteConfig, parts: SiteParts) -> None:
        self._registry = registry
        self._config = config
        self._parts = parts
        self._hosts = Hosts(config.hosts)
        self._headers = security_headers(secure=config.secure)
        self._pages, self._handling = _wired(console, config, parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = begin(scope, receive, send, self._config, self._parts)
        asks_head = scope["method"] == "HEAD"
        guarded = _Guarded(send, exchange.request_id, self._headers, head=asks_head)
        try:
            response = await self._answer(exchange, scope)
            if asks_head and isinstance(response, StreamingResponse):
                response = _without_stream(response)
            await response(scope, receive, guarded)
        except ClientDisconnect:
            _log.info("request.left", extra={"request_id": exchange.request_id})
        except Exception:
            self._report(exchange)
            if guarded.started:
                raise  # the server cuts the connection: the client sees that the answer is not whole
            response = self._refused(exchange, TenutoError(UNEXPECTED))
            await response(scope, receive, guarded)

    async def _answer(self, exchange: Exchange, scope: Scope) -> Response:
        try:
            host = self._hosts.require(scope["headers"])
            exchange.origin = f"{'https' if self._config.secure else 'http'}://{host}"
            exchange.path = path_of(scope)
            exchange.match = self._registry.match(scope["method"], exchange.path)
            return await self._handling.answer(exchange, exchange.match.route)
        except TenutoError as error:
            if error.fault is UNEXPECTED:
                raise
            return self._refused(exchange, error)

    def _refused(self, exchange: Exchange, error: TenutoError) -> Response:
        if exchange.surface is Surface.CONSOLE:
            return self._pages.error(exchange, error)
        body = error_body(error, exchange.request_id, exchange.language)
        headers = {**error_headers(error), "Vary": "Accept-Language"}
        return Response(body, status_of(error), headers, media_type=JSON)

    def _report(self, exchange: Exchange) -> None:
        route = exchange.match.route if exchange.match else None
        name = f"{route.method} {route.path}" if route else "no route"
        _log.exception("request.failed", extra={"request_id": exchange.request_id, "route": name})


def _without_stream(response: StreamingResponse) -> Response:
    """Answer a HEAD with the headers of a stream that is never begun, and whose length nobody knows."""
    bare = Response(status_code=response.status_code, headers=dict(response.headers))
    del bare.headers["content-length"]
    return bare


def _wired(console: Console, config: SiteConfig, parts: SiteParts) -> tuple[Pages, Handling]:
    pool = HandlerPool(config.threads, config.waiting)
    cookies = Cookies(secure=config.secure)
    tokens = CsrfTokens(config.signing_key)
    flashes = Flashes(config.signing_key)
    limits = LiveLimits(config.live_pages, config.live_seconds, config.heartbeat_seconds)
    live_pages = LivePages(pool, parts.clock, limits)
    pages = Pages(console, cookies, tokens, flashes, parts, live_pages)
    answers = Answers(cookies, flashes, parts.clock, pool)
    submissions = Submissions(tokens, config.body_limit)
    return pages, Handling(pages, answers, submissions, config, parts, pool)


class _Guarded:
    """Sends a response with the headers that every one has, and without a body to a HEAD."""

    def __init__(
        self, send: Send, request_id: str, headers: list[tuple[bytes, bytes]], *, head: bool
    ) -> None:
        self._send = send
        self._added = [*headers, (REQUEST_ID, request_id.encode())]
        self._head = head
        self.started = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = list(message["headers"])
            cached = any(name == b"cache-control" for name, _ in given)
            message["headers"] = [*given, *self._added, *([] if cached else [_PRIVATE])]
        elif self._head and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
