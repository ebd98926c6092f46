from __future__ import annotations

import json
from typing import ClassVar

import pytest

from tenuto.adapters.providers.openai import OpenAI
from tenuto.gateway.words.accounting import Usage
from tenuto.testing.provider_contract import ProviderContract, Sample
from tenuto.testing.provider_simulator import chat_completions
from tenuto.testing.provider_simulator.words import Counted, Reply, ToolCall

_CALLS = (ToolCall("call_1", "get_weather", '{"city": "Orléans"}'), ToolCall("call_2", "get_time", "{}"))
_SAID = Reply("1", "m", "Ça va bien, merci.", (), Counted(7, 4, 2))
_CALLED = Reply("2", "m", "", _CALLS, Counted(9, 3))


def _sse(*chunks: object, end: str = "\n\n") -> bytes:
    lines = [f"data: {json.dumps(chunk, ensure_ascii=False)}{end}" for chunk in chunks]
    return "".join([*lines, f"data: [DONE]{end}"]).encode()


def _delta(delta: object, finish: str | None = None) -> object:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


_TOOLS = (("get_weather", '{"city": "Orléans"}'), ("get_time", "{}"))
# A server that writes CRLF, sends comments, leaves out tool indexes and puts usage beside the finish.
_INDEXLESS = _sse(
    _delta({"role": "assistant"}),
    _delta({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": ""}}]}),
    _delta({"tool_calls": [{"function": {"arguments": '{"x":'}}]}),
    _delta({"tool_calls": [{"function": {"arguments": " 1}"}}]}),
    _delta({"tool_calls": [{"id": "b", "function": {"name": "two", "arguments": '{"y": 2}'}}]}),
    {**_delta({}, "tool_calls"), "usage": {"prompt_tokens": 5, "completion_tokens": 6}},  # type: ignore[dict-item]
    end="\r\n\r\n",
).replace(b"data:", b": waiting\r\n\r\ndata:", 1)
_REASONED = _sse(
    _delta({"role": "assistant", "content": None}),
    _delta({"reasoning_content": "hm"}),
    _delta({"content": "42"}),
    _delta({}, "stop"),
    {
        "choices": [],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 9,
            "completion_tokens_details": {"reasoning_tokens": 8},
            "prompt_tokens_details": None,
        },
    },
)


@pytest.mark.capability("G1")
class TestOpenAI(ProviderContract):
    dialect = OpenAI()
    profile = "openai"
    answers: ClassVar = [
        Sample(
            "text stream",
            b"".join(chat_completions.stream(_SAID, silent=False, wants_usage=True)),
            streamed=True,
            text=_SAID.text,
            usage=Usage(7, 4, 2),
        ),
        Sample(
            "tool stream",
            b"".join(chat_completions.stream(_CALLED, silent=False, wants_usage=True)),
            streamed=True,
            tools=_TOOLS,
            usage=Usage(9, 3),
        ),
        Sample(
            "silent stream",
            b"".join(chat_completions.stream(_SAID, silent=True, wants_usage=True)),
            streamed=True,
            text=_SAID.text,
        ),
        Sample(
            "odd server",
            _INDEXLESS,
            streamed=True,
            tools=(("one", '{"x": 1}'), ("two", '{"y": 2}')),
            usage=Usage(5, 6),
        ),
        Sample("reasoning", _REASONED, streamed=True, text="42", usage=Usage(3, 9, reasoning_tokens=8)),
        Sample(
            "text",
            chat_completions.whole(_SAID, silent=False),
            streamed=False,
            text=_SAID.text,
            usage=Usage(7, 4, 2),
        ),
        Sample(
            "tools",
            chat_completions.whole(_CALLED, silent=False),
            streamed=False,
            tools=_TOOLS,
            usage=Usage(9, 3),
        ),
        Sample("silent", chat_completions.whole(_SAID, silent=True), streamed=False, text=_SAID.text),
    ]
    refusals: ClassVar = {
        429: chat_completions.error(429, "slow down"),
        500: chat_completions.error(500, "broken"),
        400: b'{"error": "a text and no object"}',
        422: b'{"detail": [{"msg": "not an OpenAI error"}]}',
    }

    def test_a_quota_that_does_not_come_back_is_no_rate_limit(self) -> None:
        fault = self.dialect.fault(
            429, {}, b'{"error": {"message": "no credit", "code": "insufficient_quota"}}'
        )
        assert not fault.again
        assert fault.elsewhere
