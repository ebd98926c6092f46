"""Reads a stream of named events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tenuto.adapters.providers.anthropic.shapes import (
    Block,
    ErrorObject,
    UsageObject,
    stop_reason,
    usage_read,
)
from tenuto.core.errors import Fault, TenutoError
from tenuto.gateway.errors import (
    UPSTREAM_CUT,
    UPSTREAM_FAILED,
    UPSTREAM_LIMITED,
    UPSTREAM_OVERLOADED,
)
from tenuto.gateway.stream.sse import SseBlock, SseSplitter
from tenuto.gateway.upstream_json import read_upstream
from tenuto.gateway.words.answer import (
    AnswerEvent,
    Begun,
    Counted,
    Ended,
    Failed,
    Finished,
    Frame,
    TextPiece,
    ThinkingPiece,
    ToolBegun,
    ToolPiece,
)

_FAULTS: dict[str, Fault] = {
    "overloaded_error": UPSTREAM_OVERLOADED,
    "rate_limit_error": UPSTREAM_LIMITED,
}


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: Any = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: Block | None = None
    delta: _Delta | None = None
    usage: Any = None
    error: ErrorObject | None = None


_EVENT = msgspec.json.Decoder(_Event)


class EventDecoder:
    def __init__(self) -> None:
        self._splitter = SseSplitter()
        self._usage = UsageObject()
        self._over = False
        self._readers: dict[str, Callable[[_Event], Iterable[AnswerEvent]]] = {
            "message_start": self._message_start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "error": self._error,
        }

    def feed(self, chunk: bytes) -> list[Frame]:
        try:
            return [self._frame(block) for block in self._splitter.feed(chunk)]
        except TenutoError as error:
            self._over = True
            return [Frame(b"", (Failed(error.fault, error.detail),))]

    def close(self) -> list[Frame]:
        if self._over:
            return []
        self._over = True
        return [Frame(b"", (Failed(UPSTREAM_CUT, "the stream ended without its terminator"),))]

    def _frame(self, block: SseBlock) -> Frame:
        if self._over or block.data is None:
            return Frame(block.raw)
        try:
            event = read_upstream(_EVENT, block.data, "an event")
        except TenutoError as error:
            self._over = True
            return Frame(block.raw, (Failed(error.fault, error.detail),))
        reader = self._readers.get(event.type)
        return Frame(block.raw, tuple(reader(event)) if reader else (), block.data)

    def _message_start(self, event: _Event) -> Iterable[AnswerEvent]:
        message = event.message or _Message()
        if message.usage is not None:
            self._usage = usage_read(message.usage)
            yield Counted(self._usage.report(final=False))
        yield Begun(message.id, message.model)

    @staticmethod
    def _block_start(event: _Event) -> Iterable[AnswerEvent]:
        block = event.content_block
        if block is None:
            return
        if block.type == "tool_use":
            yield ToolBegun(event.index, block.id, block.name)
            if block.arguments != "{}":
                yield ToolPiece(event.index, block.arguments)
        elif block.text:
            yield TextPiece(block.text)
        elif block.thinking:
            yield ThinkingPiece(block.thinking)

    @staticmethod
    def _block_delta(event: _Event) -> Iterable[AnswerEvent]:
        delta = event.delta
        if delta is None:
            return
        if delta.text:
            yield TextPiece(delta.text)
        elif delta.partial_json:
            yield ToolPiece(event.index, delta.partial_json)
        elif delta.thinking:
            yield ThinkingPiece(delta.thinking)

    def _message_delta(self, event: _Event) -> Iterable[AnswerEvent]:
        if event.usage is not None:
            self._usage = self._usage.then(usage_read(event.usage))
            yield Counted(self._usage.report(final=True))
        delta = event.delta
        if delta is not None and delta.stop_reason:
            yield Finished(stop_reason(delta.stop_reason), delta.stop_sequence)

    def _message_stop(self, _: _Event) -> Iterable[AnswerEvent]:
        self._over = True
        yield Ended()

    def _error(self, event: _Event) -> Iterable[AnswerEvent]:
        self._over = True
        error = event.error or ErrorObject()
        yield Failed(_FAULTS.get(error.type, UPSTREAM_FAILED), error.message)
