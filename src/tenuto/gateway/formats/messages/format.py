from __future__ import annotations

import msgspec

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.gateway.document import Fields
from tenuto.gateway.formats.format import message_of
from tenuto.gateway.formats.messages.answer import EventRenderer, write_answer
from tenuto.gateway.formats.messages.request import read_chat
from tenuto.gateway.formats.messages.restoring import EventEditor
from tenuto.gateway.ports import MakeRestorer
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.accounting import Usage
from tenuto.gateway.words.answer import Answer
from tenuto.gateway.words.chat import ChatRequest
from tenuto.gateway.words.routing import WireFormat

_TYPES = {
    FaultKind.UNAUTHENTICATED: "authentication_error",
    FaultKind.BUDGET: "billing_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.NOT_FOUND: "not_found_error",
    FaultKind.TOO_LARGE: "request_too_large",
    FaultKind.LIMITED: "rate_limit_error",
    FaultKind.UPSTREAM: "api_error",
    FaultKind.INTERNAL: "api_error",
    FaultKind.TIMEOUT: "timeout_error",
    FaultKind.UNAVAILABLE: "overloaded_error",
    FaultKind.NO_SPACE: "api_error",
}


class Messages:
    wire = WireFormat.MESSAGES

    def chat(self, fields: Fields) -> ChatRequest:
        return read_chat(fields)

    def answer(self, answer: Answer, usage: Usage, created: int) -> bytes:  # noqa: ARG002  # no such field here
        return write_answer(answer, usage)

    def renderer(self, *, created: int, shows_usage: bool) -> EventRenderer:  # noqa: ARG002  # always shown
        return EventRenderer()

    def editor(self, restorer: MakeRestorer) -> EventEditor:
        return EventEditor(restorer)

    def error(self, error: TenutoError, request_id: str) -> bytes:
        kind = _TYPES.get(error.fault.kind, "invalid_request_error")
        body = {"type": kind, "message": message_of(error), "code": error.fault.code}
        return msgspec.json.encode({"type": "error", "error": body, "request_id": request_id})

    def error_event(self, error: TenutoError, request_id: str) -> bytes:
        return sse(self.error(error, request_id), "error")
