"""Reads a message that comes as one body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.adapters.providers.anthropic.shapes import Block, stop_reason, usage_read
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


class _Message(msgspec.Struct):
    content: list[Block]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Any = None


_MESSAGE = msgspec.json.Decoder(_Message)


def message_decoder() -> WholeDecoder[_Message]:
    return WholeDecoder(_MESSAGE, _events)


def _events(message: _Message) -> Iterable[AnswerEvent]:
    yield Begun(message.id, message.model)
    for index, block in enumerate(message.content):
        yield from _block_events(index, block)
    yield Finished(stop_reason(message.stop_reason or "end_turn"), message.stop_sequence)
    if message.usage is not None:
        yield Counted(usage_read(message.usage).report(final=True))
    yield Ended()


def _block_events(index: int, block: Block) -> Iterable[AnswerEvent]:
    if block.type == "text" and block.text:
        yield TextPiece(block.text)
    elif block.type == "thinking" and block.thinking:
        yield ThinkingPiece(block.thinking)
    elif block.type == "tool_use":
        yield ToolBegun(index, block.id, block.name)
        yield ToolPiece(index, block.arguments)
