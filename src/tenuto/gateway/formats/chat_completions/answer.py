"""Writes answers in the chat completions format: whole, and as a stream of chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.accounting import Usage, UsageReport, usage_of
from tenuto.gateway.words.answer import (
    Answer,
    AnswerEvent,
    AnswerText,
    AnswerThinking,
    AnswerTool,
    Begun,
    Counted,
    Ended,
    Finished,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolBegun,
    ToolPiece,
)

DONE = b"data: [DONE]\n\n"

_ENCODER = msgspec.json.Encoder()
_FINISH = {
    StopReason.END: "stop",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.PAUSED: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL_USE: "tool_calls",
    StopReason.FILTERED: "content_filter",
}


def usage_object(usage: Usage) -> dict[str, Any]:
    prompt: dict[str, int] = {"cached_tokens": usage.cached_input_tokens}
    if usage.cache_write_input_tokens:
        prompt["cache_write_tokens"] = usage.cache_write_input_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def write_answer(answer: Answer, usage: Usage, created: int) -> bytes:
    texts = [block.text for block in answer.blocks if isinstance(block, AnswerText)]
    thinking = [block.text for block in answer.blocks if isinstance(block, AnswerThinking)]
    calls = [_tool_call(block) for block in answer.blocks if isinstance(block, AnswerTool)]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thinking:
        message["reasoning_content"] = "".join(thinking)
    if calls:
        message["tool_calls"] = calls
    finish = _FINISH[answer.stop]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return _ENCODER.encode(
        {
            "id": answer.id,
            "object": "chat.completion",
            "created": created,
            "model": answer.model,
            "choices": [choice],
            "usage": usage_object(usage),
        }
    )


def _tool_call(tool: AnswerTool) -> dict[str, Any]:
    function = {"name": tool.name, "arguments": tool.arguments or "{}"}
    return {"id": tool.id, "type": "function", "function": function}


class ChunkRenderer:
    """Writes events as chunks; each ends with what the format wants, usage only if it was asked for."""

    def __init__(self, *, created: int, shows_usage: bool) -> None:
        self._created = created
        self._shows_usage = shows_usage
        self._begun = Begun("", "")
        self._report = UsageReport(final=False)
        self._tools: dict[int, int] = {}
        self._writers: dict[type[Any], Callable[[Any], bytes]] = {
            Begun: self._begin,
            TextPiece: self._text,
            ThinkingPiece: self._thinking,
            ToolBegun: self._tool_begun,
            ToolPiece: self._tool_piece,
            Finished: self._finished,
            Counted: self._count,
            Ended: self._end,
        }

    def render(self, events: Iterable[AnswerEvent]) -> bytes:
        return b"".join(self._writers[type(event)](event) for event in events if type(event) in self._writers)

    def _begin(self, event: Begun) -> bytes:
        self._begun = event
        return self._delta({"role": "assistant", "content": ""})

    def _text(self, event: TextPiece) -> bytes:
        return self._delta({"content": event.text})

    def _thinking(self, event: ThinkingPiece) -> bytes:
        return self._delta({"reasoning_content": event.text})

    def _tool_begun(self, event: ToolBegun) -> bytes:
        self._tools[event.index] = len(self._tools)
        function = {"name": event.name, "arguments": ""}
        return self._tool(event.index, {"id": event.id, "type": "function", "function": function})

    def _tool_piece(self, event: ToolPiece) -> bytes:
        return self._tool(event.index, {"function": {"arguments": event.json}})

    def _tool(self, index: int, call: dict[str, Any]) -> bytes:
        return self._delta({"tool_calls": [{"index": self._tools[index], **call}]})

    def _finished(self, event: Finished) -> bytes:
        return self._delta({}, _FINISH[event.reason])

    def _count(self, event: Counted) -> bytes:
        self._report = self._report.then(event.report)
        return b""

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return self._chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], None)

    def _end(self, _: Ended) -> bytes:
        if not self._shows_usage:
            return DONE
        usage = usage_of(self._report, input_estimate=0, output_estimate=0)
        return self._chunk([], usage_object(usage)) + DONE

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        chunk: dict[str, Any] = {
            "id": self._begun.id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._begun.model,
            "choices": choices,
        }
        if self._shows_usage:
            chunk["usage"] = usage
        return sse(_ENCODER.encode(chunk))
