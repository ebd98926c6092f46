"""Writes answers in the messages format: whole, and as a stream of events.

Thinking that another provider wrote is left out: without its provider's signature a caller could not send it
back in the next turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_MALFORMED
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.accounting import Usage, UsageReport, usage_of
from tenuto.gateway.words.answer import (
    Answer,
    AnswerEvent,
    AnswerText,
    AnswerTool,
    Begun,
    Counted,
    Ended,
    Finished,
    StopReason,
    TextPiece,
    ToolBegun,
    ToolPiece,
)

_ENCODER = msgspec.json.Encoder()
_STOP = {
    StopReason.END: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.FILTERED: "refusal",
    StopReason.PAUSED: "pause_turn",
}


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.fresh_input_tokens,
        "cache_creation_input_tokens": usage.cache_write_input_tokens,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }


def write_answer(answer: Answer, usage: Usage) -> bytes:
    blocks = [written for block in answer.blocks if (written := _block(block))]
    return _ENCODER.encode(
        {
            "id": answer.id,
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": blocks,
            "stop_reason": _STOP[answer.stop],
            "stop_sequence": answer.stop_sequence,
            "usage": usage_object(usage),
        }
    )


def _block(block: object) -> dict[str, Any] | None:
    if isinstance(block, AnswerText):
        return {"type": "text", "text": block.text}
    if isinstance(block, AnswerTool):
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": _input(block)}
    return None


def _input(tool: AnswerTool) -> msgspec.Raw:
    """Return a tool's arguments as the JSON object this format wants."""
    text = tool.arguments.strip() or "{}"
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        detail = f"the arguments of tool {tool.name!r} are no JSON object: {error}"
        raise TenutoError(UPSTREAM_MALFORMED, detail) from error
    return msgspec.Raw(text.encode())


class EventRenderer:
    """Writes events as named server-sent events, one content block at a time."""

    def __init__(self) -> None:
        self._report = UsageReport(final=False)
        self._finished = Finished(StopReason.END)
        self._blocks = 0
        self._open: str | int | None = None  # "text", or the index of the tool call that is open
        self._writers: dict[type[Any], Callable[[Any], bytes]] = {
            Begun: self._begin,
            TextPiece: self._text,
            ToolBegun: self._tool_begun,
            ToolPiece: self._tool_piece,
            Finished: self._finish,
            Counted: self._count,
            Ended: self._end,
        }

    def render(self, events: Iterable[AnswerEvent]) -> bytes:
        return b"".join(self._writers[type(event)](event) for event in events if type(event) in self._writers)

    def _begin(self, event: Begun) -> bytes:
        usage = usage_of(self._report, input_estimate=0, output_estimate=0)
        message: dict[str, Any] = {
            "id": event.id,
            "type": "message",
            "role": "assistant",
            "model": event.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_object(usage),
        }
        return _named("message_start", {"message": message})

    def _text(self, event: TextPiece) -> bytes:
        begin = b"" if self._open == "text" else self._begin_block("text", {"type": "text", "text": ""})
        return begin + self._delta({"type": "text_delta", "text": event.text})

    def _tool_piece(self, event: ToolPiece) -> bytes:
        if self._open != event.index:
            detail = f"a piece of tool call {event.index} came after another block had begun"
            raise TenutoError(UPSTREAM_MALFORMED, detail)
        return self._delta({"type": "input_json_delta", "partial_json": event.json})

    def _tool_begun(self, event: ToolBegun) -> bytes:
        tool = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        return self._begin_block(event.index, tool)

    def _begin_block(self, which: str | int, block: dict[str, Any]) -> bytes:
        ended = self._end_block()
        self._open = which
        self._blocks += 1
        begun = {"index": self._blocks - 1, "content_block": block}
        return ended + _named("content_block_start", begun)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _named("content_block_delta", {"index": self._blocks - 1, "delta": delta})

    def _end_block(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _named("content_block_stop", {"index": self._blocks - 1})

    def _finish(self, event: Finished) -> bytes:
        self._finished = event
        return self._end_block()

    def _count(self, event: Counted) -> bytes:
        self._report = self._report.then(event.report)
        return b""

    def _end(self, _: Ended) -> bytes:
        finished = self._finished
        delta = {"stop_reason": _STOP[finished.reason], "stop_sequence": finished.stop_sequence}
        usage = usage_object(usage_of(self._report, input_estimate=0, output_estimate=0))
        ended = _named("message_delta", {"delta": delta, "usage": usage})
        return self._end_block() + ended + _named("message_stop", {})


def _named(name: str, members: dict[str, Any]) -> bytes:
    return sse(_ENCODER.encode({"type": name, **members}), name)
