"""Forms of the console, taken from its own pages only."""

from __future__ import annotations

import msgspec

from tenuto.web.dispatch.bodies import FORM, read_body, require_media_type
from tenuto.web.dispatch.exchange import Exchange
from tenuto.web.dispatch.forms import read_pairs
from tenuto.web.security.cookies import CSRF, SESSION
from tenuto.web.security.csrf import FIELD, HEADER, CsrfTokens, require_own_origin

_SECRET_PARTS = ("password", "secret", "token", "key")


class Submission(msgspec.Struct, frozen=True):
    pairs: list[tuple[str, str]]

    def shown_again(self) -> dict[str, str]:
        """Return what was typed, for the form to show again; secrets are to be typed anew."""
        return {
            name: value
            for name, value in self.pairs
            if not any(part in name.lower() for part in _SECRET_PARTS)
        }


class Submissions:
    def __init__(self, tokens: CsrfTokens, limit: int) -> None:
        self._tokens = tokens
        self._limit = limit

    async def read(self, exchange: Exchange) -> Submission:
        """Read a form. Raises FORBIDDEN unless origin and token say that it comes from our own page."""
        headers = exchange.headers
        require_own_origin(headers.get("origin"), headers.get("sec-fetch-site"), exchange.origin)
        require_media_type(headers, FORM)
        pairs = read_pairs(await read_body(exchange.request, self._limit))
        presented = headers.get(HEADER) or next((value for name, value in pairs if name == FIELD), "")
        cookies = exchange.cookies
        self._tokens.require(cookies.get(CSRF, ""), cookies.get(SESSION, ""), presented)
        return Submission([(name, value) for name, value in pairs if name != FIELD])
