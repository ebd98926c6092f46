from __future__ import annotations

from typing import Any

import msgspec

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.gateway.document import Fields
from tenuto.gateway.formats.chat_completions.answer import ChunkRenderer, write_answer
from tenuto.gateway.formats.chat_completions.request import read_chat
from tenuto.gateway.formats.chat_completions.restoring import ChunkEditor
from tenuto.gateway.formats.format import code_of, message_of
from tenuto.gateway.ports import MakeRestorer
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.accounting import Usage
from tenuto.gateway.words.answer import Answer
from tenuto.gateway.words.chat import ChatRequest
from tenuto.gateway.words.routing import WireFormat

_TYPES = {
    FaultKind.UNAUTHENTICATED: "authentication_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.BUDGET: "insufficient_quota",
    FaultKind.LIMITED: "rate_limit_error",
    FaultKind.UPSTREAM: "server_error",
    FaultKind.UNAVAILABLE: "server_error",
    FaultKind.TIMEOUT: "server_error",
    FaultKind.INTERNAL: "server_error",
}


class ChatCompletions:
    wire = WireFormat.CHAT_COMPLETIONS

    def chat(self, fields: Fields) -> ChatRequest:
        return read_chat(fields)

    def answer(self, answer: Answer, usage: Usage, created: int) -> bytes:
        return write_answer(answer, usage, created)

    def renderer(self, *, created: int, shows_usage: bool) -> ChunkRenderer:
        return ChunkRenderer(created=created, shows_usage=shows_usage)

    def editor(self, restorer: MakeRestorer) -> ChunkEditor:
        return ChunkEditor(restorer)

    def error(self, error: TenutoError, request_id: str) -> bytes:
        body: dict[str, Any] = {
            "message": message_of(error),
            "type": _TYPES.get(error.fault.kind, "invalid_request_error"),
            "param": error.context.get("field"),
            "code": code_of(error.fault),
            "request_id": request_id,
        }
        return msgspec.json.encode({"error": body})

    def error_event(self, error: TenutoError, request_id: str) -> bytes:
        return sse(self.error(error, request_id))
