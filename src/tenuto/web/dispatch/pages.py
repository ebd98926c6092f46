"""Console pages as responses: whole pages, parts, live parts and errors."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response, StreamingResponse

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.console.console import Console, Moment
from tenuto.web.dispatch.config import SiteParts
from tenuto.web.dispatch.door import recognise
from tenuto.web.dispatch.exchange import Exchange
from tenuto.web.dispatch.live import END, MEDIA_TYPE, PROBLEM, LivePages, wire_event
from tenuto.web.errors import UNEXPECTED
from tenuto.web.faults import error_body, error_headers, status_of
from tenuto.web.registry.words import Route, Surface
from tenuto.web.security.cookies import CSRF, FLASH, SESSION, Cookies
from tenuto.web.security.csrf import CsrfTokens
from tenuto.web.security.flashes import Flashes
from tenuto.web.words import Call, Live, View

SIGN_IN = "/sign-in"
_log = logging.getLogger("tenuto.web")
_FOREIGN = frozenset({"cross-site", "same-site"})


class Pages:
    def __init__(
        self,
        console: Console,
        cookies: Cookies,
        tokens: CsrfTokens,
        flashes: Flashes,
        parts: SiteParts,
        live_pages: LivePages,
    ) -> None:
        self._console = console
        self._cookies = cookies
        self._tokens = tokens
        self._flashes = flashes
        self._parts = parts
        self._live_pages = live_pages

    def page(self, exchange: Exchange, route: Route, call: Call, view: View) -> Response:
        moment, cookies = self._moment(exchange)
        html = self._console.page(view, call, route, moment)
        return _html(html, view.status or route.status, cookies)

    def error(self, exchange: Exchange, error: TenutoError) -> Response:
        """Show an error. A page nobody is signed in for leads to the sign-in page instead."""
        signed_out = error.fault.kind is FaultKind.UNAUTHENTICATED
        if signed_out and exchange.match is not None and exchange.match.route.is_safe:
            return self._ask_to_sign_in(exchange)
        moment, cookies = self._moment(exchange)
        html = self._error_html(exchange, error, moment)
        response = _html(html, status_of(error), cookies)
        response.headers.update({**error_headers(error), **_aside(exchange)})
        return response

    def _error_html(self, exchange: Exchange, error: TenutoError, moment: Moment) -> str:
        call = exchange.bare_call(self._parts.services)
        try:
            return self._console.error(error, call, moment)
        except TenutoError:
            # The frame asks the database too. When that is what is away, the page comes without a frame.
            _log.exception("frame.failed", extra={"request_id": exchange.request_id})
            exchange.caller = None
            return self._console.error(error, exchange.bare_call(self._parts.services), moment)

    def _ask_to_sign_in(self, exchange: Exchange) -> Response:
        if exchange.headers.get("sec-fetch-site") in _FOREIGN and SESSION not in exchange.cookies:
            # A strict cookie is not sent along when a link in a mail is followed. Coming again from a page
            # of our own, it is.
            return _html(self._console.bounce(exchange.bare_call(None)), 200, [])
        sign_in = f"{SIGN_IN}?{urlencode({'next': exchange.address})}"
        if exchange.is_partial:
            return Response(status_code=401, headers={"HX-Redirect": sign_in})
        return Response(status_code=303, headers={"Location": sign_in})

    def live(self, exchange: Exchange, route: Route, call: Call, live: Live) -> Response:
        self._live_pages.require_room()
        moment, _ = self._moment(exchange)
        events = self._live_pages.events(
            live,
            exchange.headers.get("last-event-id", ""),
            still_welcome=functools.partial(self._still_welcome, exchange, route, call),
            render=lambda view: self._console.part(view, call, moment),
        )
        return StreamingResponse(self._supervised(events, exchange), media_type=MEDIA_TYPE)

    def _still_welcome(self, exchange: Exchange, route: Route, call: Call) -> bool:
        try:
            caller = recognise(self._parts.authenticator, exchange, route)
        except TenutoError as error:
            if error.fault.kind is FaultKind.UNAUTHENTICATED:
                return False
            raise
        return (caller is None) == (call.caller is None) and (caller is None or caller.actor == call.actor)

    async def _supervised(self, events: AsyncIterator[bytes], exchange: Exchange) -> AsyncIterator[bytes]:
        """Pass events on. What goes wrong in the middle is said in the stream, which then ends."""
        try:
            async for event in events:
                yield event
        except TenutoError as error:
            yield self._problem(exchange, error)
        except Exception:  # noqa: BLE001  # the request boundary of a stream: logged, and said to the reader
            _log.exception("live.failed", extra={"request_id": exchange.request_id})
            yield self._problem(exchange, TenutoError(UNEXPECTED))

    def _problem(self, exchange: Exchange, error: TenutoError) -> bytes:
        if exchange.surface is Surface.API:
            shown = wire_event(
                PROBLEM, error_body(error, exchange.request_id, exchange.language).decode(), ""
            )
        else:
            call = exchange.bare_call(None)
            shown = wire_event("", self._console.error_part(error, call), "")
        return shown + wire_event(END, "", "")

    def _moment(self, exchange: Exchange) -> tuple[Moment, list[str]]:
        """Return what the page needs, and the cookies that follow from showing it."""
        cookies: list[str] = []
        nonce = exchange.cookies.get(CSRF, "")
        if not nonce:
            nonce = self._tokens.nonce()
            cookies.append(self._cookies.written(CSRF, nonce))
        flash = None
        if FLASH in exchange.cookies and not exchange.is_partial:
            flash = self._flashes.unpacked(exchange.cookies[FLASH])
            cookies.append(self._cookies.forgotten(FLASH))
        token = self._tokens.token(nonce, exchange.cookies.get(SESSION, ""))
        return Moment(token, flash), cookies


def _html(html: str, status: int, cookies: list[str]) -> Response:
    response = HTMLResponse(html, status)
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


def _aside(exchange: Exchange) -> dict[str, Any]:
    """Keep an error from replacing the part of the page that was asked for: it goes to the problem region."""
    return {"HX-Retarget": "#problems", "HX-Reswap": "innerHTML"} if exchange.is_partial else {}
