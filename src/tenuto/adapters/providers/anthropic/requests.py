"""Writes requests. Same format in: only the model is changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import field, raw_json, write_fields
from tenuto.gateway.errors import FIELD_WRONG, UNTRANSLATABLE
from tenuto.gateway.rules import capped
from tenuto.gateway.words.calls import HttpCall, ProviderRequest
from tenuto.gateway.words.chat import (
    ChatRequest,
    Image,
    Part,
    Text,
    Tool,
    ToolChoice,
    ToolMode,
    ToolResult,
    ToolUse,
    Turn,
)
from tenuto.gateway.words.routing import Profile

_CREDENTIAL = ("x-api-key", "")
_ENCODER = msgspec.json.Encoder()
_MODES = {
    ToolMode.AUTO: "auto",
    ToolMode.NONE: "none",
    ToolMode.REQUIRED: "any",
    ToolMode.NAMED: "tool",
}


def encode_chat(request: ProviderRequest, profile: Profile) -> HttpCall:
    if request.document is not None:
        edited = {**request.document, "model": raw_json(request.model)}
        asked = field(request.document, "max_tokens", int)
        limit = capped(asked, request.output_cap)
        if limit != asked:
            edited["max_tokens"] = raw_json(limit)
        body = write_fields(edited)
        return HttpCall("/messages", _headers(request, profile), body, _CREDENTIAL)
    chat = request.chat
    assert chat is not None
    if chat.binding:
        raise TenutoError(UNTRANSLATABLE, ", ".join(chat.binding))
    body = _ENCODER.encode(_written(chat, request, profile))
    return HttpCall("/messages", _headers(request, profile), body, _CREDENTIAL, lost=chat.lost)


def listing(profile: Profile) -> HttpCall:
    headers = (("accept", "application/json"), *profile.headers.items())
    return HttpCall("/models", headers, b"", _CREDENTIAL)


def _headers(request: ProviderRequest, profile: Profile) -> tuple[tuple[str, str], ...]:
    accept = "text/event-stream" if request.stream else "application/json"
    named = {"content-type": "application/json", "accept": accept, **profile.headers, **request.headers}
    return tuple(named.items())


def _written(chat: ChatRequest, request: ProviderRequest, profile: Profile) -> dict[str, Any]:
    asked = profile.default_max_tokens if chat.max_tokens is None else chat.max_tokens
    limit = capped(asked, request.output_cap)
    body: dict[str, Any] = {"model": request.model, "max_tokens": limit, "messages": _messages(chat)}
    optional = {
        "system": "\n\n".join(chat.system) or None,
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "stop_sequences": list(chat.stop) or None,
        "metadata": {"user_id": chat.user} if chat.user else None,
        "tools": [_tool(tool) for tool in chat.tools] or None,
        "tool_choice": _tool_choice(chat.tool_choice) if chat.tools else None,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    if request.stream:
        body["stream"] = True
    return body


def _messages(chat: ChatRequest) -> list[dict[str, Any]]:
    """Join neighbouring turns of one role: all results of one round of tools belong in one message."""
    messages: list[dict[str, Any]] = []
    for turn in chat.turns:
        blocks = [_block(part) for part in _results_first(turn)]
        if not blocks:
            continue
        if messages and messages[-1]["role"] == turn.role.value:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": turn.role.value, "content": blocks})
    return messages


def _results_first(turn: Turn) -> Iterable[Part]:
    return sorted(turn.parts, key=lambda part: not isinstance(part, ToolResult))


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _source(part)}
    if isinstance(part, ToolUse):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part)}
    content = [_block(piece) for piece in part.content]
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": part.tool_use_id, "content": content}
    if part.is_error:
        block["is_error"] = True
    return block


def _source(image: Image) -> dict[str, str]:
    if image.url:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _input(use: ToolUse) -> msgspec.Raw:
    text = use.arguments.strip() or "{}"
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        detail = f"the arguments of tool call {use.id!r} are no JSON object: {error}"
        raise TenutoError(FIELD_WRONG, detail, field="messages") from error
    return msgspec.Raw(text.encode())


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _tool_choice(choice: ToolChoice) -> dict[str, Any] | None:
    if choice.mode is None and choice.parallel is None:
        return None
    written: dict[str, Any] = {"type": _MODES[choice.mode or ToolMode.AUTO]}
    if choice.name is not None:
        written["name"] = choice.name
    if choice.parallel is not None and choice.mode is not ToolMode.NONE:
        written["disable_parallel_tool_use"] = not choice.parallel
    return written
