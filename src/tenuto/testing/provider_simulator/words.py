"""What the simulator understands of a request, whatever its dialect, and what it will answer."""

from __future__ import annotations

import json
from typing import Any

import msgspec


class Heard(msgspec.Struct, frozen=True):
    """A chat request, read. ``said`` is every text of the prompt, ``last`` the one to answer."""

    model: str
    stream: bool
    said: tuple[str, ...]
    last: str
    tools: dict[str, dict[str, Any]]  # name -> JSON Schema of the parameters
    after_tool: bool = False
    limit: int | None = None
    wants_usage: bool = True
    forced: str | None = None  # the tool that must be called if the last words name none


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str


class Counted(msgspec.Struct, frozen=True):
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


class Reply(msgspec.Struct, frozen=True):
    id: str
    model: str
    text: str
    calls: tuple[ToolCall, ...]
    usage: Counted
    cut_by_limit: bool = False


def turns_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of a request. Raises ``ValueError`` where there is none to answer."""
    turns: list[dict[str, Any]] = body["messages"]
    if not turns:
        raise ValueError("messages: at least one message is required")
    return turns


def words_in(text: str) -> int:
    """Count tokens: words between white space."""
    return len(text.split())


def pieces_of(text: str) -> list[str]:
    """Cut a text into the pieces in which it is streamed: each word with the space after it."""
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + [words[-1]] if text else []


def reply_to(heard: Heard, number: int, *, cached: bool) -> Reply:
    """Return the one answer to a request. ``number`` makes identifiers unique within a process."""
    calls = () if heard.after_tool and heard.forced is None else tuple(_calls(heard, number))
    text = "" if calls else _text(heard)
    shown = text
    if heard.limit is not None and words_in(text) > heard.limit:
        shown = " ".join(text.split()[: heard.limit])
    spent = words_in(shown) + sum(words_in(call.arguments) for call in calls)
    prompt = sum(words_in(said) for said in heard.said)
    usage = Counted(prompt, spent, prompt // 2 if cached else 0)
    return Reply(f"sim-{number}", heard.model, shown, calls, usage, cut_by_limit=shown != text)


def _text(heard: Heard) -> str:
    who = "The tool" if heard.after_tool else "You"
    return f'{who} said: "{heard.last}"'


def _calls(heard: Heard, number: int) -> list[ToolCall]:
    named = [name for name in heard.tools if name in heard.last]
    if heard.forced is not None and heard.forced not in named:
        named = [heard.forced]
    return [
        ToolCall(
            f"call_{number}_{index}",
            name,
            json.dumps(_arguments(heard, heard.tools[name]), ensure_ascii=False),
        )
        for index, name in enumerate(named)
    ]


def _arguments(heard: Heard, schema: dict[str, Any]) -> dict[str, Any]:
    values = {"string": heard.last, "integer": words_in(heard.last), "number": 0.5, "boolean": True}
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    return {name: values.get(str(about.get("type")), heard.last) for name, about in properties.items()}
