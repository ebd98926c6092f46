"""Reads a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.adapters.providers.openai.shapes import Call, ErrorObject, Said, stop_reason, usage_report
from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_CUT, UPSTREAM_FAILED
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

_DONE = b"[DONE]"


class _Choice(msgspec.Struct):
    index: int = 0
    delta: Said | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: Any = None
    error: ErrorObject | str | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class ChunkDecoder:
    """Only the first choice becomes events; further ones pass in the frames' own bytes."""

    def __init__(self, *, marks_end: bool) -> None:
        self._marks_end = marks_end
        self._splitter = SseSplitter()
        self._begun = False
        self._finished = False
        self._over = False
        self._tool_ids: dict[int, str | None] = {}

    def feed(self, chunk: bytes) -> list[Frame]:
        try:
            return [self._frame(block) for block in self._splitter.feed(chunk)]
        except TenutoError as error:
            return [self._failed(Failed(error.fault, error.detail))]

    def close(self) -> list[Frame]:
        if self._over:
            return []
        unterminated = (
            self._splitter.pending.strip() == b"data: [DONE]"
        )  # some servers leave out the last empty line
        if unterminated or (self._finished and not self._marks_end):
            self._over = True
            return [Frame(b"data: [DONE]\n\n", (Ended(),), _DONE)]
        return [self._failed(Failed(UPSTREAM_CUT, "the stream ended without its terminator"))]

    def _frame(self, block: SseBlock) -> Frame:
        if self._over or block.data is None:
            return Frame(block.raw)
        if block.data == _DONE:
            self._over = True
            return Frame(block.raw, (Ended(),), block.data)
        try:
            read = read_upstream(_CHUNK, block.data, "a chunk")
        except TenutoError as error:
            return self._failed(Failed(error.fault, error.detail), block.raw)
        if read.error is not None:
            said = read.error if isinstance(read.error, str) else read.error.message
            return self._failed(Failed(UPSTREAM_FAILED, said), block.raw)
        usage_only = read.usage is not None and not read.choices
        return Frame(block.raw, tuple(self._events(read)), block.data, usage_only)

    def _failed(self, failed: Failed, raw: bytes = b"") -> Frame:
        self._over = True
        return Frame(raw, (failed,))

    def _events(self, chunk: _Chunk) -> Iterable[AnswerEvent]:
        if not self._begun and chunk.choices:
            self._begun = True
            yield Begun(chunk.id or "", chunk.model or "")
        for choice in chunk.choices or ():
            if choice.index == 0:
                yield from self._choice(choice)
        if chunk.usage is not None:
            yield Counted(usage_report(chunk.usage))

    def _choice(self, choice: _Choice) -> Iterable[AnswerEvent]:
        delta = choice.delta
        if delta is not None:
            if delta.reasoning_content:
                yield ThinkingPiece(delta.reasoning_content)
            if delta.text:
                yield TextPiece(delta.text)
            for call in delta.tool_calls or ():
                yield from self._call(call)
        if choice.finish_reason and not self._finished:
            self._finished = True
            yield Finished(stop_reason(choice.finish_reason))

    def _call(self, call: Call) -> Iterable[AnswerEvent]:
        index = self._index(call)
        function = call.function
        if index not in self._tool_ids:
            self._tool_ids[index] = call.id
            yield ToolBegun(index, call.id or f"call_{index}", (function.name if function else None) or "")
        if function is not None and function.arguments:
            yield ToolPiece(index, function.arguments)

    def _index(self, call: Call) -> int:
        """Some servers leave the index out: a new id is then a new call, and no id goes on with the last."""
        if call.index is not None:
            return call.index
        if call.id is not None and call.id not in self._tool_ids.values():
            return len(self._tool_ids)
        return max(len(self._tool_ids) - 1, 0)
