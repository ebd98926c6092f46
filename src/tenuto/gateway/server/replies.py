"""Refusals and errors, in the words of whoever asked."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.gateway.errors import DOOR_METHOD
from tenuto.gateway.formats.chat_completions import ChatCompletions
from tenuto.gateway.formats.format import CallerFormat, status_of
from tenuto.gateway.formats.messages import Messages
from tenuto.gateway.server.transport import Headers
from tenuto.gateway.words.routing import Refusal, WireFormat

JSON = ("content-type", "application/json")

FORMATS: dict[WireFormat, CallerFormat] = {
    WireFormat.CHAT_COMPLETIONS: ChatCompletions(),
    WireFormat.MESSAGES: Messages(),
}

_DEFAULT_PATIENCE = {FaultKind.UNAVAILABLE: 1, FaultKind.LIMITED: 1}
_LONGEST_HEADER = 500


def error_of(refusal: Refusal) -> TenutoError:
    context = {} if refusal.retry_after is None else {"retry_after": refusal.retry_after}
    return TenutoError(refusal.fault, refusal.detail, **context)


def status_for(error: TenutoError) -> int:
    return 405 if error.fault is DOOR_METHOD else status_of(error.fault)


def error_headers(error: TenutoError) -> Headers:
    """Return what an error adds to the headers: when to come back, which methods are taken."""
    headers: Headers = [JSON]
    patience = error.context.get("retry_after", _DEFAULT_PATIENCE.get(error.fault.kind))
    if patience is not None:
        headers.append(("retry-after", str(patience)))
    if error.fault is DOOR_METHOD:
        headers.append(("allow", error.detail))
    return headers


def plain_error(error: TenutoError, request_id: str) -> bytes:
    """Write an error for doors that have no format of their own."""
    return msgspec.json.encode({**error.as_json(), "request_id": request_id})


def prediction_error(error: TenutoError, request_id: str) -> bytes:
    """Write an error as the Open Inference Protocol wants it: one text under ``error``."""
    said = f"{error}. {error.fault.fix} ({error.fault.code}, request {request_id})"
    return msgspec.json.encode({"error": said})


def header_text(text: str) -> str:
    """Return text that is safe as a header's value, whatever a name held."""
    if text.isascii() and text.isprintable():
        return text[:_LONGEST_HEADER]
    shown = text.encode("ascii", "backslashreplace").decode()
    return "".join(character if " " <= character <= "~" else "?" for character in shown)[:_LONGEST_HEADER]
