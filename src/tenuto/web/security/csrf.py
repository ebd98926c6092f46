"""Forms are taken from our own pages only: double-submit token, and the origin that the browser names.

The cookie holds a random nonce, the form a keyed digest of nonce and session. A neighbouring host that plants
a cookie cannot make the digest; a token seen before sign-in is worthless after it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tenuto.core.errors import TenutoError
from tenuto.web.errors import CSRF_REFUSED
from tenuto.web.security.signing import Signer

FIELD = "csrf_token"
HEADER = "x-csrf-token"


class CsrfTokens:
    def __init__(self, key: bytes, random: Callable[[], str] = secrets.token_urlsafe) -> None:
        self._signer = Signer(key, "csrf")
        self._random = random

    def nonce(self) -> str:
        return self._random()

    def token(self, nonce: str, session: str) -> str:
        """Return what the form holds; ``session`` is the session cookie's value, empty without one."""
        return self._signer.sign(f"{nonce}\n{session}")

    def require(self, nonce: str, session: str, presented: str) -> None:
        if not nonce or not self._signer.is_valid(f"{nonce}\n{session}", presented):
            raise TenutoError(CSRF_REFUSED, "the form's token does not fit this browser and session")


def require_own_origin(origin: str | None, fetch_site: str | None, own: str) -> None:
    """Raise unless the browser says that the request comes from our own pages.

    A missing ``Origin`` is taken only with ``Sec-Fetch-Site: same-origin``; ``null`` never.
    """
    if origin is None:
        if fetch_site == "same-origin":
            return
        raise TenutoError(CSRF_REFUSED, "the request does not say where it comes from")
    if origin != own:
        raise TenutoError(CSRF_REFUSED, "the request comes from another origin")
