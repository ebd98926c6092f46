"""Reads answers that come as one body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.adapters.providers.openai.shapes import Said, stop_reason, usage_report
from tenuto.adapters.providers.wholes import WholeDecoder
from tenuto.gateway.words.answer import (
    AnswerEvent,
    Begun,
    Counted,
    Ended,
    Finished,
    TextPiece,
    ThinkingPiece,
    ToolBegun,
    ToolPiece,
)


class _Choice(msgspec.Struct):
    message: Said
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_Choice]
    id: str = ""
    model: str = ""
    usage: Any = None


class _Embeddings(msgspec.Struct):
    data: msgspec.Raw
    usage: Any = None


_CHAT = msgspec.json.Decoder(_Chat)
_EMBEDDINGS = msgspec.json.Decoder(_Embeddings)


def chat_decoder() -> WholeDecoder[_Chat]:
    return WholeDecoder(_CHAT, _chat_events)


def embeddings_decoder() -> WholeDecoder[_Embeddings]:
    return WholeDecoder(_EMBEDDINGS, _embeddings_events)


def _embeddings_events(embeddings: _Embeddings) -> Iterable[AnswerEvent]:
    if embeddings.usage is not None:
        # What is embedded is not answered in tokens, so that servers leave that count out.
        yield Counted(msgspec.structs.replace(usage_report(embeddings.usage), output_tokens=0))
    yield Ended()


def _chat_events(chat: _Chat) -> Iterable[AnswerEvent]:
    yield Begun(chat.id, chat.model)
    for choice in chat.choices[:1]:
        yield from _message_events(choice.message)
        yield Finished(stop_reason(choice.finish_reason or "stop"))
    if chat.usage is not None:
        yield Counted(usage_report(chat.usage))
    yield Ended()


def _message_events(message: Said) -> Iterable[AnswerEvent]:
    if message.reasoning_content:
        yield ThinkingPiece(message.reasoning_content)
    if message.text:
        yield TextPiece(message.text)
    for index, call in enumerate(message.tool_calls or ()):
        function = call.function
        yield ToolBegun(index, call.id or f"call_{index}", (function.name if function else None) or "")
        if function is not None and function.arguments:
            yield ToolPiece(index, function.arguments)
