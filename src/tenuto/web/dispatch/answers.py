"""From what a handler gave back to an HTTP response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import FileResponse, Response, StreamingResponse

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.web.dispatch.exchange import Exchange
from tenuto.web.dispatch.pool import HandlerPool
from tenuto.web.errors import UNEXPECTED
from tenuto.web.registry.words import Route
from tenuto.web.security.cookies import CSRF, FLASH, SESSION, Cookies
from tenuto.web.security.flashes import Flashes
from tenuto.web.words import Answer, Content, File, Redirect, Stream

JSON = "application/json"
SEE_OTHER = 303
_END: Any = object()


class Answers:
    """Turns results into responses; knows cookies, but neither templates nor live pages."""

    def __init__(self, cookies: Cookies, flashes: Flashes, clock: Clock, pool: HandlerPool) -> None:
        self._cookies = cookies
        self._flashes = flashes
        self._clock = clock
        self._pool = pool

    def response(self, exchange: Exchange, route: Route, result: Any) -> Response:
        if isinstance(result, Redirect):
            return self.redirect(exchange, result)
        if isinstance(result, Content):
            return _content(exchange, result)
        if isinstance(result, File):
            return FileResponse(result.path, media_type=result.media_type, headers=_download(result.filename))
        if isinstance(result, Stream):
            headers = _download(result.filename) if result.filename else {}
            return StreamingResponse(
                self._in_threads(result.chunks), headers=headers, media_type=result.media_type
            )
        return _json(exchange, route, result)

    def redirect(self, exchange: Exchange, redirect: Redirect) -> Response:
        """Send the browser on. htmx would follow a 303 and paste the new page into a part of this one."""
        if not redirect.to.startswith("/") or redirect.to.startswith("//"):
            raise TenutoError(UNEXPECTED, "a handler redirects outside the console")
        address = _address(redirect.to)
        if exchange.is_partial:
            response = Response(headers={"HX-Redirect": address})
        else:
            response = Response(status_code=SEE_OTHER, headers={"Location": address})
        for cookie in self._cookies_of(redirect):
            response.headers.append("set-cookie", cookie)
        return response

    def _cookies_of(self, redirect: Redirect) -> Iterator[str]:
        for short, value in redirect.cookies.items():
            yield self._cookies.written(short, value)
        if redirect.session is not None:
            session = redirect.session
            yield self._cookies.written(SESSION, session.secret, session.expires, self._clock.now())
        if redirect.forget_session:
            yield self._cookies.forgotten(SESSION)
            yield self._cookies.forgotten(CSRF)
        if redirect.flash is not None:
            yield self._cookies.written(FLASH, self._flashes.packed(redirect.flash))

    async def _in_threads(self, chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
        iterator = iter(chunks)
        while (chunk := await self._pool.go_on(lambda: next(iterator, _END))) is not _END:
            yield chunk


def _json(exchange: Exchange, route: Route, result: Any) -> Response:
    answer = result if isinstance(result, Answer) else Answer(result)
    headers = {
        name: value
        for name, value in (("ETag", answer.etag), ("Location", _address(answer.location or "")))
        if value
    }
    if answer.etag is not None and route.is_safe and exchange.headers.get("if-none-match") == answer.etag:
        return Response(status_code=304, headers=headers)
    status = answer.status or route.status
    if answer.value is None and status == 204:
        return Response(status_code=204, headers=headers)
    return Response(msgspec.json.encode(answer.value), status, headers, media_type=JSON)


def _content(exchange: Exchange, content: Content) -> Response:
    headers = {"Cache-Control": content.cache_control, "Vary": "Accept-Encoding"}
    if content.gzipped and "gzip" in exchange.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(content.gzipped, headers=headers, media_type=content.media_type)
    return Response(content.plain, headers=headers, media_type=content.media_type)


def _address(text: str) -> str:
    """Return an address that fits into a header, whatever letters a name in it has."""
    return quote(text, safe="/?&=%~:+,;@!$'()*-._")


def _download(filename: str) -> dict[str, str]:
    """Return a Content-Disposition that browsers save under ``filename``, whatever letters it has."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}"}
