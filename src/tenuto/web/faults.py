"""From a fault to HTTP: the one table of statuses, and the error as machines read it."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.console.i18n.faults import fault_text
from tenuto.web.errors import HOST_UNKNOWN, METHOD_NOT_ALLOWED
from tenuto.web.words import Language

STATUS_OF_KIND: dict[FaultKind, int] = {
    FaultKind.INVALID: 400,
    FaultKind.UNAUTHENTICATED: 401,
    FaultKind.BUDGET: 402,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.CONFLICT: 409,
    FaultKind.TOO_LARGE: 413,
    FaultKind.UNSUPPORTED: 415,
    FaultKind.LIMITED: 429,
    FaultKind.INTERNAL: 500,
    FaultKind.UPSTREAM: 502,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.TIMEOUT: 504,
    FaultKind.NO_SPACE: 507,
}
# HTTP has words of its own for these two, which no kind of trouble inside Tenuto has.
_STATUS_OF_CODE = {METHOD_NOT_ALLOWED.code: 405, HOST_UNKNOWN.code: 421}
_WAIT_STATUSES = frozenset({429, 503})


def status_of(error: TenutoError) -> int:
    return _STATUS_OF_CODE.get(error.fault.code, STATUS_OF_KIND[error.fault.kind])


def error_headers(error: TenutoError) -> dict[str, str]:
    """Return the headers that belong to the status: Allow, Retry-After, WWW-Authenticate."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tenuto"'
    if "allow" in error.context:
        headers["Allow"] = ", ".join(error.context["allow"])
    return headers | wait_headers(error)


def wait_headers(error: TenutoError) -> dict[str, str]:
    """Return the header that says when to come again, where coming again helps."""
    if status_of(error) not in _WAIT_STATUSES or not error.fault.retryable:
        return {}
    return {"Retry-After": str(error.context.get("retry_after", 1))}


def error_body(error: TenutoError, request_id: str, language: Language = Language.ENGLISH) -> bytes:
    """Return the one JSON shape of every error, under ``error``. The detail is English in any language."""
    said = fault_text(error.fault, language)
    translated = msgspec.structs.asdict(said) if said else {}
    body: dict[str, Any] = {**error.as_json(), **translated, "request_id": request_id}
    return msgspec.json.encode({"error": body})
