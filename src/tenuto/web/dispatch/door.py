"""Who is asking? Decided before the body is read and before the handler runs.

The API knows bearer tokens only, the console its session cookie only: a cookie never opens the API, so no
foreign page can make a browser call it.
"""

from __future__ import annotations

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.dispatch.exchange import Exchange
from tenuto.web.errors import HEADER_INVALID, NOT_SIGNED_IN
from tenuto.web.ports import Authenticator
from tenuto.web.registry.words import Route, Surface
from tenuto.web.security.cookies import SESSION
from tenuto.web.words import Caller

_SCHEME = "bearer"


def recognise(authenticator: Authenticator, exchange: Exchange, route: Route) -> Caller | None:
    """Return who is asking, None where nobody needs to be known. Raises UNAUTHENTICATED for anybody else.

    A public console page still looks at the session, so that its frame can show who is signed in.
    """
    if route.surface is Surface.API:
        return None if route.public else _by_token(authenticator, exchange)
    caller = _by_session(authenticator, exchange)
    if caller is None and route.public is None:
        raise TenutoError(NOT_SIGNED_IN)
    return caller


def _by_token(authenticator: Authenticator, exchange: Exchange) -> Caller:
    given = exchange.headers.getlist("authorization")
    if not given:
        raise TenutoError(NOT_SIGNED_IN)
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != _SCHEME or not token.strip():
        raise TenutoError(HEADER_INVALID, "Authorization: one `Bearer` credential", header="authorization")
    return authenticator.by_token(token.strip(), exchange.source)


def _by_session(authenticator: Authenticator, exchange: Exchange) -> Caller | None:
    secret = exchange.cookies.get(SESSION, "")
    if not secret:
        return None
    try:
        return authenticator.by_session(secret, exchange.source)
    except TenutoError as error:
        # A session that is no longer good leads to the sign-in page, like none at all.
        if error.fault.kind is FaultKind.UNAUTHENTICATED:
            return None
        raise
