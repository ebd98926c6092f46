"""What each dialect writes, beyond what the contract asks of both."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.adapters.providers.openai import OpenAI
from tenuto.core.errors import TenutoError
from tenuto.gateway.ports import Dialect
from tenuto.gateway.words.calls import ProviderRequest
from tenuto.gateway.words.chat import (
    ChatRequest,
    Image,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolMode,
    ToolResult,
    ToolUse,
    Turn,
)
from tenuto.gateway.words.routing import Operation, Profile

OPENAI, ANTHROPIC = OpenAI(), Anthropic()
USER = Turn(Role.USER, (Text("hi"),))
TOOL = Tool("f", None, msgspec.Raw(b'{"type":"object"}'))


def sent(dialect: Dialect, profile: str | Profile, chat: ChatRequest, **fields: Any) -> dict[str, Any]:
    request = ProviderRequest(Operation.CHAT, "m", chat=chat, **{"stream": False, **fields})
    known = dialect.profiles[profile] if isinstance(profile, str) else profile
    body: dict[str, Any] = json.loads(dialect.encode(request, known).body)
    return body


def passed(dialect: Dialect, profile: str, document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in document.items()}
    request = ProviderRequest(Operation.CHAT, "m", document=raw, **{"stream": False, **fields})
    body: dict[str, Any] = json.loads(dialect.encode(request, dialect.profiles[profile]).body)
    return body


def test_usage_is_asked_for_where_the_server_knows_the_wish() -> None:
    streamed = {"stream": True, "stream_options": {"other": 1}}
    assert passed(OPENAI, "openai", streamed, stream=True)["stream_options"] == {
        "other": 1,
        "include_usage": True,
    }
    assert passed(OPENAI, "mistral", streamed, stream=True)["stream_options"] == {"other": 1}
    assert sent(OPENAI, "openai", ChatRequest((USER,)), stream=True)["stream_options"] == {
        "include_usage": True
    }
    assert "stream_options" not in sent(OPENAI, "mistral", ChatRequest((USER,)), stream=True)


def test_limits_are_written_in_the_field_the_server_knows() -> None:
    chat = ChatRequest((USER,), max_tokens=50)
    assert sent(OPENAI, "openai", chat)["max_completion_tokens"] == 50
    assert sent(OPENAI, "ollama", chat)["max_tokens"] == 50
    assert sent(OPENAI, "ollama", chat, output_cap=20)["max_tokens"] == 20
    assert sent(ANTHROPIC, "anthropic", ChatRequest((USER,)))["max_tokens"] == 4_096
    assert sent(ANTHROPIC, "anthropic", ChatRequest((USER,)), output_cap=20)["max_tokens"] == 20


@pytest.mark.parametrize(
    ("given", "cap", "written"),
    [
        ({}, None, {}),
        ({}, 20, {"max_completion_tokens": 20}),
        ({"max_tokens": 50}, 20, {"max_completion_tokens": 20}),
        ({"max_tokens": 10}, 20, {"max_tokens": 10}),
        ({"max_completion_tokens": 10}, 20, {"max_completion_tokens": 10}),
    ],
)
def test_a_passed_limit_is_touched_only_where_it_is_too_high(
    given: dict[str, int], cap: int | None, written: dict[str, int]
) -> None:
    assert passed(OPENAI, "openai", given, output_cap=cap) == {"model": "m", **written}


@pytest.mark.capability("G9")
@pytest.mark.parametrize(
    ("profile", "given", "written"),
    [
        ("openai", {"max_completion_tokens": 1, "max_tokens": 100_000}, {"max_completion_tokens": 1}),
        ("ollama", {"max_completion_tokens": 1, "max_tokens": 100_000}, {"max_tokens": 1}),
        ("ollama", {"max_completion_tokens": 10}, {"max_tokens": 10}),
        ("ollama", {"max_tokens": 10}, {"max_tokens": 10}),
    ],
)
def test_the_limit_that_was_reserved_for_is_the_one_the_server_hears(
    profile: str, given: dict[str, int], written: dict[str, int]
) -> None:
    """Two limits, or one under a name the server does not know, would be a way around a budget."""
    assert passed(OPENAI, profile, given, output_cap=20) == {"model": "m", **written}


def test_a_passed_message_keeps_its_own_limit_below_the_cap() -> None:
    assert passed(ANTHROPIC, "anthropic", {"max_tokens": 10}, output_cap=20)["max_tokens"] == 10
    assert passed(ANTHROPIC, "anthropic", {"max_tokens": 30}, output_cap=20)["max_tokens"] == 20


def test_a_callers_own_headers_of_the_format_travel() -> None:
    request = ProviderRequest(
        Operation.CHAT, "m", stream=True, chat=ChatRequest((USER,)), headers={"anthropic-beta": "b"}
    )
    headers = dict(ANTHROPIC.encode(request, ANTHROPIC.profiles["anthropic"]).headers)
    assert headers["anthropic-beta"] == "b"
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["accept"] == "text/event-stream"


def test_one_round_of_tools_becomes_one_message() -> None:
    chat = ChatRequest(
        (
            USER,
            Turn(Role.ASSISTANT, (Text("let me see"), ToolUse("a", "f", '{"x":1}'), ToolUse("b", "f", ""))),
            Turn(Role.USER, (ToolResult("a", (Text("1"),)),)),
            Turn(Role.USER, (Text("and?"), ToolResult("b", (Text("2"),), is_error=True))),
        ),
        tools=(TOOL,),
        tool_choice=ToolChoice(ToolMode.NAMED, "f", parallel=False),
    )
    body = sent(ANTHROPIC, "anthropic", chat)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert [block["type"] for block in body["messages"][2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]
    assert [block.get("is_error") for block in body["messages"][2]["content"]] == [None, True, None]
    assert [block.get("input") for block in body["messages"][1]["content"]] == [None, {"x": 1}, {}]
    assert body["tool_choice"] == {"type": "tool", "name": "f", "disable_parallel_tool_use": True}


def test_results_of_tools_become_messages_of_their_own_and_their_images_the_users() -> None:
    picture = Image("image/png", "AAAA")
    chat = ChatRequest(
        (
            Turn(Role.ASSISTANT, (ToolUse("a", "f", "{}"),)),
            Turn(Role.USER, (ToolResult("a", (Text("see"), picture)), Text("and?"))),
        ),
        tools=(TOOL,),
        tool_choice=ToolChoice(ToolMode.REQUIRED, parallel=True),
    )
    body = sent(OPENAI, "openai", chat)
    assert [message["role"] for message in body["messages"]] == ["assistant", "tool", "user"]
    assert body["messages"][1] == {"role": "tool", "tool_call_id": "a", "content": "see"}
    assert [part["type"] for part in body["messages"][2]["content"]] == ["image_url", "text"]
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", True)


def test_images_are_refused_for_servers_that_see_none() -> None:
    blind = Profile("blind", images=False)
    chat = ChatRequest((Turn(Role.USER, (Image(url="https://x.test/i.png"),)),))
    with pytest.raises(TenutoError, match="images"):
        sent(OPENAI, blind, chat)


def test_arguments_that_are_no_object_cannot_be_sent_on() -> None:
    chat = ChatRequest((Turn(Role.ASSISTANT, (ToolUse("a", "f", "[1]"),)),))
    with pytest.raises(TenutoError, match="tool call 'a'"):
        sent(ANTHROPIC, "anthropic", chat)


def test_choices_without_tools_are_not_sent() -> None:
    chat = ChatRequest((USER,), tool_choice=ToolChoice(ToolMode.NONE, parallel=True))
    assert "tool_choice" not in sent(ANTHROPIC, "anthropic", chat)
    assert "parallel_tool_calls" not in sent(OPENAI, "openai", chat)
