"""What is read out of requests, what is lost in translation, and what may not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import read_fields
from tenuto.gateway.formats.chat_completions import ChatCompletions
from tenuto.gateway.formats.messages import Messages
from tenuto.gateway.words.chat import (
    ChatRequest,
    Image,
    Role,
    Text,
    ToolChoice,
    ToolMode,
    ToolResult,
    ToolUse,
    Turn,
)

USER = {"role": "user", "content": "hi"}


def chat(**fields: Any) -> ChatRequest:
    return ChatCompletions().chat(
        read_fields(json.dumps({"model": "m", "messages": [USER], **fields}).encode())
    )


def message(**fields: Any) -> ChatRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [USER], **fields}
    return Messages().chat(read_fields(json.dumps(body).encode()))


def test_a_conversation_with_tools_in_chat_completions() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    read = chat(
        messages=[
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            USER,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "result"},
        ]
    )
    assert read.system == ("Be brief.",)
    assert read.turns == (
        Turn(Role.USER, (Text("hi"),)),
        Turn(Role.ASSISTANT, (ToolUse("c1", "f", "{}"),)),
        Turn(Role.USER, (ToolResult("c1", (Text("result"),)),)),
    )


def test_a_conversation_with_tools_in_messages() -> None:
    read = message(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            USER,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "oops"},
                            {"type": "image", "source": {"type": "url", "url": "https://x.test/i.png"}},
                        ],
                    }
                ],
            },
        ],
    )
    assert read.system == ("Be brief.",)
    assert json.loads(read.turns[1].parts[0].arguments) == {"a": 1}  # type: ignore[union-attr]
    assert read.turns[2].parts == (
        ToolResult("c1", (Text("oops"), Image(url="https://x.test/i.png")), is_error=True),
    )
    assert read.lost == ("tool_result.is_error",)


def test_options_that_mean_nothing_are_neither_lost_nor_binding() -> None:
    read = chat(n=1, response_format={"type": "text"}, logprobs=False, modalities=["text"], functions=None)
    assert (read.lost, read.binding) == ((), ())


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"functions": []}, "functions"),
        ({"audio": {}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0] (custom)"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice (allowed_tools)"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
            "messages[0].content[0] (input_audio)",
        ),
    ],
)
def test_what_chat_completions_may_not_lose(fields: dict[str, Any], name: str) -> None:
    assert chat(**fields).binding == (name,)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"mcp_servers": []}, "mcp_servers"),
        ({"output_config": {}}, "output_config"),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "tools[0] (web_search_20250305)",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "text"}}]}]},
            "messages[0].content[0] (document)",
        ),
    ],
)
def test_what_messages_may_not_lose(fields: dict[str, Any], name: str) -> None:
    assert message(**fields).binding == (name,)


def test_what_may_be_lost_is_named() -> None:
    assert chat(seed=1, store=True).lost == ("seed", "store")
    thinking = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}]}
    assert message(top_k=3, messages=[USER, thinking]).lost == ("top_k", "thinking")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("auto", ToolChoice(ToolMode.AUTO)),
        ("required", ToolChoice(ToolMode.REQUIRED)),
        ("none", ToolChoice(ToolMode.NONE)),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(ToolMode.NAMED, "f")),
    ],
)
def test_choices_of_tools_in_chat_completions(given: Any, read: ToolChoice) -> None:
    assert chat(tool_choice=given).tool_choice == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            ToolChoice(ToolMode.AUTO, None, parallel=False),
        ),
        ({"type": "any"}, ToolChoice(ToolMode.REQUIRED)),
        ({"type": "tool", "name": "f"}, ToolChoice(ToolMode.NAMED, "f")),
    ],
)
def test_choices_of_tools_in_messages(given: Any, read: ToolChoice) -> None:
    assert message(tool_choice=given).tool_choice == read


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": "x"},
        {"messages": [{"content": "x"}]},
        {"tool_choice": "sometimes"},
        {"temperature": "hot"},
    ],
)
def test_wrong_shapes_in_chat_completions_name_the_field(fields: dict[str, Any]) -> None:
    with pytest.raises(TenutoError, match=r"`(messages|tool_choice|temperature)"):
        chat(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "system", "content": "x"}]},
        {"max_tokens": None},
        {"tool_choice": {"type": "sometimes"}},
    ],
)
def test_wrong_shapes_in_messages_name_the_field(fields: dict[str, Any]) -> None:
    with pytest.raises(TenutoError, match=r"`(messages|tool_choice|max_tokens)"):
        message(**fields)


def test_images_come_as_addresses_or_as_themselves() -> None:
    def image(url: str) -> Any:
        part = {"type": "image_url", "image_url": {"url": url}}
        return chat(messages=[{"role": "user", "content": [part]}]).turns[0].parts[0]

    assert image("data:image/png;base64,AAAA") == Image("image/png", "AAAA")
    assert image("https://x.test/i.png") == Image(url="https://x.test/i.png")
    assert image("data:text/plain,hello") == Image(url="data:text/plain,hello")
