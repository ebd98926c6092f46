"""Small decisions about one call. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tenuto.gateway.document import CallRequest
from tenuto.gateway.words.calls import CallIntent
from tenuto.gateway.words.routing import Plan

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}")
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"}
    | {"trailer", "transfer-encoding", "upgrade", "content-length"}
)
_ORIGIN = frozenset({"forwarded", "x-real-ip", "x-request-id", "x-client-request-id"})
_BOUND_FACTOR = 4
_BOUND_MARGIN = 1_024
_IDENTITY_PREFIXES = ("x-tenuto-", "x-forwarded-")


def capped(asked: int | None, cap: int | None) -> int | None:
    """Return the limit that is asked for: the caller's, but never above the route's."""
    if asked is None or cap is None:
        return cap if asked is None else asked
    return min(asked, cap)


def output_bound(limit: int | None) -> int | None:
    """Return the estimated tokens beyond which an answer ignores its limit.

    Estimates count four bytes to a token; some scripts come to more than twice that, so the bound is generous.
    """
    return None if limit is None else _BOUND_FACTOR * limit + _BOUND_MARGIN


def intent_of(request_id: str, request: CallRequest, plan: Plan) -> CallIntent:
    """Say what a call may use at most. The repeats of an upstream are no further upstreams."""
    limit = capped(request.output_limit, plan.route.output_cap)
    return CallIntent(
        request_id,
        plan.identity,
        request.operation,
        plan.route.name,
        tuple(attempt.upstream for attempt in plan.attempts if not attempt.repeats),
        request.input_estimate,
        None if limit is None else limit * request.answers,
    )


def bearer_of(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def client_request_id(given: str) -> str:
    """Return a caller's own request id if it is one, else nothing: it is echoed and logged."""
    return given if _REQUEST_ID.fullmatch(given) else ""


def passed_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that may travel on: none of one connection only, none that claims an identity."""
    received = list(headers)
    named = {
        token.strip().lower()
        for name, value in received
        if name == "connection"
        for token in value.split(",")
    }
    dropped = _HOP_BY_HOP | _ORIGIN | named
    return [
        (name, value)
        for name, value in received
        if name not in dropped and not name.startswith(_IDENTITY_PREFIXES)
    ]


def returned_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of an answer that may travel on. Its length is kept: it shows a cut."""
    received = list(headers)
    named = {
        token.strip().lower()
        for name, value in received
        if name == "connection"
        for token in value.split(",")
    }
    dropped = (_HOP_BY_HOP | named) - {"content-length"}
    return [(name, value) for name, value in received if name not in dropped]


def is_plain_path(path: str) -> bool:
    """Tell whether a decoded path has no dot segment, no backslash and no control character."""
    if "\\" in path or any(character < " " or character == "\x7f" for character in path):
        return False
    return not any(segment in {".", ".."} for segment in path.split("/"))
