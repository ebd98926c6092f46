"""Anthropic's side: messages, models."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tenuto.testing.provider_simulator.words import Heard, Reply, pieces_of, turns_in

_ARGUMENT_PIECE = 7  # characters


def hear(body: dict[str, Any]) -> Heard:
    messages = turns_in(body)
    system = _texts(body.get("system") or "")
    said = [text for message in messages for text in _texts(message["content"])]
    last = messages[-1]["content"]
    tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools", ())}
    choice = body.get("tool_choice") or {}
    if choice.get("type") == "tool":
        choice, tools = {"type": "any"}, {choice["name"]: tools[choice["name"]]}
    return Heard(
        body["model"],
        bool(body.get("stream")),
        (*system, *said),
        " ".join(_texts(last)),
        tools if choice.get("type") != "none" else {},
        isinstance(last, list) and any(block["type"] == "tool_result" for block in last),
        body["max_tokens"],
        forced=_forced(choice, tools),
    )


def _forced(choice: dict[str, Any], tools: dict[str, Any]) -> str | None:
    return next(iter(tools), None) if choice.get("type") == "any" else None


def _texts(content: str | list[dict[str, Any]]) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    texts: list[str] = []
    for block in content:
        if block["type"] == "text":
            texts.append(block["text"])
        elif block["type"] == "tool_result":
            texts += _texts(block.get("content") or "")
        elif block["type"] == "tool_use":
            texts.append(json.dumps(block["input"], ensure_ascii=False))
    return texts


def whole(reply: Reply, *, silent: bool) -> bytes:
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        for call in reply.calls
    ]
    body = {**_message(reply, content), "stop_reason": _stop(reply)}
    if not silent:
        body["usage"] = {**_input_usage(reply), "output_tokens": reply.usage.output_tokens}
    return json.dumps(body, ensure_ascii=False).encode()


def stream(reply: Reply, *, silent: bool) -> list[bytes]:
    """Return the events of a stream, one element per write."""
    begun = _message(reply, [])
    if not silent:
        begun["usage"] = {**_input_usage(reply), "output_tokens": 1}
    events = [_event("message_start", {"message": begun}), _event("ping", {})]
    events += _blocks(reply)
    usage = {} if silent else {"usage": {"output_tokens": reply.usage.output_tokens}}
    delta = {"stop_reason": _stop(reply), "stop_sequence": None}
    events.append(_event("message_delta", {"delta": delta, **usage}))
    return [*events, _event("message_stop", {})]


def _blocks(reply: Reply) -> list[bytes]:
    events: list[bytes] = []
    if reply.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces_of(reply.text)]
        events += _block(0, {"type": "text", "text": ""}, deltas)
    for index, call in enumerate(reply.calls):
        pieces = range(0, len(call.arguments), _ARGUMENT_PIECE)
        texts = ["", *(call.arguments[start : start + _ARGUMENT_PIECE] for start in pieces)]
        deltas = [{"type": "input_json_delta", "partial_json": text} for text in texts]
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        events += _block(index, block, deltas)
    return events


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        _event("content_block_start", {"index": index, "content_block": block}),
        *(_event("content_block_delta", {"index": index, "delta": delta}) for delta in deltas),
        _event("content_block_stop", {"index": index}),
    ]


def error_event() -> bytes:
    return _event("error", {"error": {"type": "overloaded_error", "message": "simulated failure"}})


def error(status: int, message: str) -> bytes:
    kinds = {429: "rate_limit_error", 401: "authentication_error", 503: "overloaded_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "api_error")
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def models(names: Iterable[str]) -> bytes:
    rows = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2024-01-01T00:00:00Z"}
        for name in names
    ]
    return json.dumps({"data": rows, "has_more": False}).encode()


def _message(reply: Reply, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _input_usage(reply: Reply) -> dict[str, int]:
    usage = reply.usage
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": 0,
    }


def _stop(reply: Reply) -> str:
    if reply.calls:
        return "tool_use"
    return "max_tokens" if reply.cut_by_limit else "end_turn"


def _event(name: str, members: dict[str, Any]) -> bytes:
    data = json.dumps({"type": name, **members}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()
