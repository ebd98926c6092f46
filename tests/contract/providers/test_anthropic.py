from __future__ import annotations

import json
from typing import ClassVar

import pytest

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.gateway.words.accounting import Usage
from tenuto.testing.provider_contract import ProviderContract, Sample
from tenuto.testing.provider_simulator import messages
from tenuto.testing.provider_simulator.words import Counted, Reply, ToolCall

_CALLS = (ToolCall("toolu_1", "get_weather", '{"city": "Orléans"}'), ToolCall("toolu_2", "get_time", "{}"))
_SAID = Reply("1", "m", "Ça va bien, merci.", (), Counted(7, 4, 2))
_CALLED = Reply("2", "m", "", _CALLS, Counted(9, 3))
_TOOLS = (("get_weather", '{"city": "Orléans"}'), ("get_time", "{}"))


def _event(name: str, members: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **members})}\n\n".encode()


# Thinking before text, cache writes, and counts repeated at the end.
_THOUGHT = b"".join(
    [
        _event(
            "message_start",
            {
                "message": {
                    "id": "msg_1",
                    "model": "m",
                    "usage": {
                        "input_tokens": 3,
                        "cache_creation_input_tokens": 5,
                        "cache_read_input_tokens": 11,
                        "output_tokens": 1,
                    },
                }
            },
        ),
        _event("content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        _event("content_block_delta", {"index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        _event("content_block_delta", {"index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
        _event("content_block_stop", {"index": 0}),
        _event("content_block_start", {"index": 1, "content_block": {"type": "text", "text": ""}}),
        _event("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": "42"}}),
        _event("content_block_stop", {"index": 1}),
        _event(
            "message_delta",
            {"delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 3, "output_tokens": 9}},
        ),
        _event("message_stop", {}),
    ]
)


@pytest.mark.capability("G1")
class TestAnthropic(ProviderContract):
    dialect = Anthropic()
    profile = "anthropic"
    answers: ClassVar = [
        Sample(
            "text stream",
            b"".join(messages.stream(_SAID, silent=False)),
            streamed=True,
            text=_SAID.text,
            usage=Usage(7, 4, 2),
        ),
        Sample(
            "tool stream",
            b"".join(messages.stream(_CALLED, silent=False)),
            streamed=True,
            tools=_TOOLS,
            usage=Usage(9, 3),
        ),
        Sample(
            "silent stream", b"".join(messages.stream(_SAID, silent=True)), streamed=True, text=_SAID.text
        ),
        Sample(
            "thinking",
            _THOUGHT,
            streamed=True,
            text="42",
            usage=Usage(19, 9, cached_input_tokens=11, cache_write_input_tokens=5),
        ),
        Sample(
            "text", messages.whole(_SAID, silent=False), streamed=False, text=_SAID.text, usage=Usage(7, 4, 2)
        ),
        Sample(
            "tools", messages.whole(_CALLED, silent=False), streamed=False, tools=_TOOLS, usage=Usage(9, 3)
        ),
        Sample("silent", messages.whole(_SAID, silent=True), streamed=False, text=_SAID.text),
    ]
    refusals: ClassVar = {
        429: messages.error(429, "slow down"),
        529: messages.error(529, "overloaded"),
        400: messages.error(400, "wrong"),
    }
