"""Writes requests. Same format in: only the model, and the wish for usage, are changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import Fields, field, raw_json, write_fields
from tenuto.gateway.errors import UNTRANSLATABLE
from tenuto.gateway.rules import capped
from tenuto.gateway.words.calls import HttpCall, ProviderRequest
from tenuto.gateway.words.chat import (
    ChatRequest,
    Image,
    Part,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolMode,
    ToolResult,
    ToolUse,
    Turn,
)
from tenuto.gateway.words.routing import Profile

_CREDENTIAL = ("authorization", "Bearer ")
# A server that knows only the older name would not hear the newer one, and of two it would take the older: the
# limit that was reserved for is sent under the name that the server knows.
_NEWER_LIMIT, _OLDER_LIMIT = "max_completion_tokens", "max_tokens"
_ENCODER = msgspec.json.Encoder()
_MODES = {ToolMode.AUTO: "auto", ToolMode.NONE: "none", ToolMode.REQUIRED: "required"}


def encode_embeddings(request: ProviderRequest, profile: Profile) -> HttpCall:
    if request.document is None:
        raise TenutoError(UNTRANSLATABLE, "embeddings exist in one format only")
    body = write_fields({**request.document, "model": raw_json(request.model)})
    return HttpCall("/embeddings", _headers(request, profile), body, _CREDENTIAL)


def encode_chat(request: ProviderRequest, profile: Profile) -> HttpCall:
    if request.document is not None:
        body = write_fields(_edited(request.document, request, profile))
        return HttpCall("/chat/completions", _headers(request, profile), body, _CREDENTIAL)
    chat = request.chat
    assert chat is not None
    missing = (*chat.binding, *([] if profile.images else _images(chat)))
    if missing:
        raise TenutoError(UNTRANSLATABLE, ", ".join(missing))
    body = _ENCODER.encode(_written(chat, request, profile))
    return HttpCall("/chat/completions", _headers(request, profile), body, _CREDENTIAL, lost=chat.lost)


def listing(profile: Profile) -> HttpCall:
    headers = (("accept", "application/json"), *profile.headers.items())
    return HttpCall("/models", headers, b"", _CREDENTIAL)


def _headers(request: ProviderRequest, profile: Profile) -> tuple[tuple[str, str], ...]:
    accept = "text/event-stream" if request.stream else "application/json"
    return (("content-type", "application/json"), ("accept", accept), *profile.headers.items())


def _edited(document: Fields, request: ProviderRequest, profile: Profile) -> Fields:
    edited = {**document, "model": raw_json(request.model)}
    newer, older = field(document, _NEWER_LIMIT, int), field(document, _OLDER_LIMIT, int)
    asked = older if newer is None else newer
    limit = capped(asked, request.output_cap)
    unclear = newer is not None and (older is not None or profile.max_tokens_field == _OLDER_LIMIT)
    if limit != asked or unclear:
        edited.pop(_OLDER_LIMIT, None)
        edited.pop(_NEWER_LIMIT, None)
        edited[profile.max_tokens_field] = raw_json(limit)
    if request.stream and profile.reports_stream_usage:
        options = field(document, "stream_options", Fields) or {}
        edited["stream_options"] = raw_json({**options, "include_usage": True})
    return edited


def _images(chat: ChatRequest) -> list[str]:
    return ["images"] if any(isinstance(part, Image) for turn in chat.turns for part in turn.parts) else []


def _written(chat: ChatRequest, request: ProviderRequest, profile: Profile) -> dict[str, Any]:
    body: dict[str, Any] = {"model": request.model, "messages": list(_messages(chat))}
    optional = {
        profile.max_tokens_field: capped(chat.max_tokens, request.output_cap),
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "stop": list(chat.stop) or None,
        "user": chat.user,
        "tools": [_tool(tool) for tool in chat.tools] or None,
        "tool_choice": _tool_choice(chat.tool_choice),
        "parallel_tool_calls": chat.tool_choice.parallel if chat.tools else None,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    if request.stream:
        body["stream"] = True
        if profile.reports_stream_usage:
            body["stream_options"] = {"include_usage": True}
    return body


def _messages(chat: ChatRequest) -> Iterable[dict[str, Any]]:
    if chat.system:
        yield {"role": "system", "content": "\n\n".join(chat.system)}
    for turn in chat.turns:
        yield from _assistant(turn) if turn.role is Role.ASSISTANT else _user(turn)


def _assistant(turn: Turn) -> Iterable[dict[str, Any]]:
    text = "".join(part.text for part in turn.parts if isinstance(part, Text))
    calls = [_tool_call(part) for part in turn.parts if isinstance(part, ToolUse)]
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = calls
    elif not text:
        message["content"] = ""
    yield message


def _tool_call(use: ToolUse) -> dict[str, Any]:
    return {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}


def _user(turn: Turn) -> Iterable[dict[str, Any]]:
    """Results of tools come first, each as a message of its own; their images join the user's own words."""
    shown: list[Part] = []
    for part in turn.parts:
        if isinstance(part, ToolResult):
            text = "\n".join(piece.text for piece in part.content if isinstance(piece, Text))
            yield {"role": "tool", "tool_call_id": part.tool_use_id, "content": text}
            shown += [piece for piece in part.content if isinstance(piece, Image)]
    shown += [part for part in turn.parts if isinstance(part, Text | Image)]
    if shown:
        yield {"role": "user", "content": _content(shown)}


def _content(parts: list[Part]) -> str | list[dict[str, Any]]:
    only = parts[0]
    if len(parts) == 1 and isinstance(only, Text):
        return only.text
    return [_content_part(part) for part in parts if isinstance(part, Text | Image)]


def _content_part(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    url = part.url or f"data:{part.media_type};base64,{part.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any] | None:
    if choice.mode is ToolMode.NAMED:
        return {"type": "function", "function": {"name": choice.name}}
    return None if choice.mode is None else _MODES[choice.mode]
