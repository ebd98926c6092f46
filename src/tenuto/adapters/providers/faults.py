"""What the HTTP statuses of model providers mean, and whether another try may help."""

from __future__ import annotations

from collections.abc import Mapping

from tenuto.core.errors import Fault
from tenuto.gateway.errors import (
    UPSTREAM_DENIED,
    UPSTREAM_FAILED,
    UPSTREAM_LIMITED,
    UPSTREAM_MALFORMED,
    UPSTREAM_OVERLOADED,
    UPSTREAM_REJECTED,
)
from tenuto.gateway.words.calls import UpstreamFault

_SHOWN = 500  # characters of a provider's own words
_LONGEST_WAIT = 3_600

# (fault, may another upstream do better, may the same one later)
_MEANINGS: dict[int, tuple[Fault, bool, bool]] = {
    401: (UPSTREAM_DENIED, True, False),
    402: (UPSTREAM_DENIED, True, False),
    403: (UPSTREAM_DENIED, True, False),
    404: (UPSTREAM_DENIED, True, False),
    408: (UPSTREAM_FAILED, True, True),
    409: (UPSTREAM_FAILED, True, True),
    429: (UPSTREAM_LIMITED, True, True),
    503: (UPSTREAM_OVERLOADED, True, True),
    529: (UPSTREAM_OVERLOADED, True, True),
}


def fault_of(status: int, headers: Mapping[str, str], said: str) -> UpstreamFault:
    """Return the fault a status stands for. ``said`` is the provider's message."""
    fault, elsewhere, again = _MEANINGS.get(status) or _by_class(status)
    detail = f"status {status}: {said[:_SHOWN]}" if said else f"status {status}"
    return UpstreamFault(fault, detail, elsewhere, again, _retry_after(headers))


def _by_class(status: int) -> tuple[Fault, bool, bool]:
    if 400 <= status < 500:
        return UPSTREAM_REJECTED, False, False
    if status >= 500:
        return UPSTREAM_FAILED, True, True
    return UPSTREAM_MALFORMED, True, False  # a redirect, for one: never followed with a credential


def _retry_after(headers: Mapping[str, str]) -> int | None:
    value = headers.get("retry-after", "")
    if not (value.isascii() and value.isdigit()):
        return None
    return (
        int(value) if len(value) <= len(str(_LONGEST_WAIT)) and int(value) <= _LONGEST_WAIT else _LONGEST_WAIT
    )


def text_of(body: bytes) -> str:
    """Return a body that is no error object as one line."""
    return " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
