"""One request on its way through the house, and what is known about it so far."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.web.console.i18n.negotiation import choose_language
from tenuto.web.dispatch.config import SiteConfig, SiteParts
from tenuto.web.errors import HEADER_INVALID
from tenuto.web.registry.registry import Match
from tenuto.web.registry.words import Surface
from tenuto.web.security.cookies import LANGUAGE, THEME, WORKSPACE, Cookies
from tenuto.web.security.identity_headers import REQUEST_ID, SOURCE, without_identity_headers
from tenuto.web.words import Call, Caller, Language, Received, Theme

_API_PREFIX = "/api/"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass
class Exchange:
    """Grows step by step; ``call()`` gives handlers and error pages the part they may see."""

    request: Request
    request_id: str
    source: str
    cookies: dict[str, str]
    language: Language
    theme: Theme
    path: str = "/"
    origin: str = ""  # our own, as the browser should name it
    match: Match | None = None
    caller: Caller | None = None
    upload: Received | None = None

    @property
    def headers(self) -> Headers:
        return self.request.headers

    @property
    def address(self) -> str:
        query = self.request.scope["query_string"].decode("latin-1")
        return f"{self.path}?{query}" if query else self.path

    @property
    def surface(self) -> Surface:
        """The surface of the route, or for an address without route the one that a stranger means."""
        if self.match is not None:
            return self.match.route.surface
        wants_page = "text/html" in self.headers.get("accept", "") or "hx-request" in self.headers
        api = self.path.startswith(_API_PREFIX) or not wants_page
        return Surface.API if api else Surface.CONSOLE

    @property
    def is_partial(self) -> bool:
        is_htmx = self.headers.get("hx-request") == "true"
        return is_htmx and self.headers.get("hx-request-type", "partial") == "partial"

    def call(self, services: Any) -> Call:
        """Return what a handler sees. Raises INVALID for a header that it could not trust the shape of."""
        return msgspec.structs.replace(
            self.bare_call(services),
            workspace=self._workspace(),
            path=self.match.parameters if self.match else {},
            upload=self.upload,
        )

    def bare_call(self, services: Any) -> Call:
        """Return what an error page sees."""
        return Call(
            services=services,
            caller=self.caller,
            workspace=self.cookies.get(WORKSPACE),
            request_id=self.request_id,
            source=self.source,
            language=self.language,
            theme=self.theme,
            page=self.path,
            address=self.address,
            partial=self.is_partial,
        )

    def _workspace(self) -> str | None:
        """Return the workspace that is wanted; whether the caller may is asked by the use case."""
        if self.match is not None and "workspace" in self.match.parameters:
            return self.match.parameters["workspace"]
        if self.surface is Surface.CONSOLE:
            wanted = self.cookies.get(WORKSPACE)
        else:
            wanted = self._plain_header("tenuto-workspace")
        return wanted or (self.caller.workspace if self.caller else None)

    def _plain_header(self, name: str) -> str | None:
        value = self.headers.get(name)
        if value is not None and not _KEY.fullmatch(value):
            raise TenutoError(HEADER_INVALID, f"{name}: 1 to 255 visible ASCII characters", header=name)
        return value


def begin(scope: Scope, receive: Receive, send: Send, config: SiteConfig, parts: SiteParts) -> Exchange:
    """Take up a request. Claims of identity are believed from the edge only, and removed in any case."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    vouched = dict(headers) if config.behind_edge else {}
    own = without_identity_headers(headers)
    request = Request({**scope, "headers": own}, receive, send)
    edge_id = vouched.get(REQUEST_ID, b"").decode("latin-1")
    peer = scope.get("client")
    cookies = Cookies(secure=config.secure).read(own)
    return Exchange(
        request=request,
        request_id=edge_id if is_id(edge_id) else parts.ids.new(),
        source=vouched.get(SOURCE, b"").decode("latin-1") or (str(peer[0]) if peer else ""),
        cookies=cookies,
        language=choose_language(cookies.get(LANGUAGE), request.headers.get("accept-language", "")),
        theme=_theme(cookies.get(THEME)),
    )


def _theme(chosen: str | None) -> Theme:
    known = {theme.value: theme for theme in Theme}
    return known.get(chosen or "", Theme.AUTO)
