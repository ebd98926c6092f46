"""OpenAI's side: chat completions, embeddings, models."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Iterable
from typing import Any

from tenuto.testing.provider_simulator.words import Heard, Reply, pieces_of, turns_in, words_in

_CREATED = 1_700_000_000
_DIMENSIONS = 8
_ARGUMENT_PIECE = 7  # characters


def hear(body: dict[str, Any]) -> Heard:
    messages = turns_in(body)
    said = tuple(text for message in messages for text in _texts(message))
    last = messages[-1]
    tools = {
        tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools", ())
    }
    options = body.get("stream_options") or {}
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        named = choice["function"]["name"]
        choice, tools = "required", {named: tools[named]}
    return Heard(
        body["model"],
        bool(body.get("stream")),
        said,
        " ".join(_texts(last)),
        tools if choice != "none" else {},
        last["role"] == "tool",
        body.get("max_completion_tokens") or body.get("max_tokens"),
        bool(options.get("include_usage")) or not body.get("stream"),
        _forced(choice, tools),
    )


def _forced(choice: Any, tools: dict[str, Any]) -> str | None:
    return next(iter(tools), None) if choice == "required" else None


def _texts(message: dict[str, Any]) -> list[str]:
    content = message.get("content") or ""
    parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    calls = message.get("tool_calls") or ()
    return [*(part for part in parts if part), *(call["function"]["arguments"] for call in calls)]


def whole(reply: Reply, *, silent: bool) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [_call(call.id, call.name, call.arguments) for call in reply.calls]
    body = _base(reply, "chat.completion")
    body["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}]
    if not silent:
        body["usage"] = _usage(reply)
    return json.dumps(body, ensure_ascii=False).encode()


def stream(reply: Reply, *, silent: bool, wants_usage: bool) -> list[bytes]:
    """Return the events of a stream, one element per write."""
    chunks = [_chunk(reply, {"role": "assistant", "content": None if reply.calls else ""})]
    chunks += [_chunk(reply, {"content": piece}) for piece in pieces_of(reply.text)]
    chunks += _call_chunks(reply)
    chunks.append(_chunk(reply, {}, _finish(reply)))
    if wants_usage and not silent:
        body = {**_base(reply, "chat.completion.chunk"), "choices": [], "usage": _usage(reply)}
        chunks.append(_event(body))
    return [*chunks, b"data: [DONE]\n\n"]


def error_event() -> bytes:
    return _event({"error": {"message": "simulated failure", "type": "server_error", "code": None}})


def error(status: int, message: str) -> bytes:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}}).encode()


def embeddings(body: dict[str, Any]) -> tuple[bytes, int]:
    """Return vectors that depend on nothing but the text, and the tokens counted."""
    given = body["input"]
    texts = [str(item) for item in given] if isinstance(given, list) else [str(given)]
    packed = body.get("encoding_format") == "base64"
    rows = [
        {"object": "embedding", "index": index, "embedding": _vector(text, packed=packed)}
        for index, text in enumerate(texts)
    ]
    tokens = sum(words_in(text) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    answer = {"object": "list", "data": rows, "model": body["model"], "usage": usage}
    return json.dumps(answer).encode(), tokens


def models(names: Iterable[str]) -> bytes:
    rows = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "simulator"} for name in names]
    return json.dumps({"object": "list", "data": rows}).encode()


def _vector(text: str, *, packed: bool) -> list[float] | str:
    digest = hashlib.sha256(text.encode()).digest()
    vector = [byte / 255 for byte in digest[:_DIMENSIONS]]
    return base64.b64encode(struct.pack(f"<{_DIMENSIONS}f", *vector)).decode() if packed else vector


def _base(reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": _CREATED, "model": reply.model}


def _usage(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _finish(reply: Reply) -> str:
    if reply.calls:
        return "tool_calls"
    return "length" if reply.cut_by_limit else "stop"


def _call(identifier: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def _call_chunks(reply: Reply) -> list[bytes]:
    chunks = []
    for index, call in enumerate(reply.calls):
        chunks.append(_chunk(reply, {"tool_calls": [{"index": index, **_call(call.id, call.name, "")}]}))
        for start in range(0, len(call.arguments), _ARGUMENT_PIECE):
            piece = {"arguments": call.arguments[start : start + _ARGUMENT_PIECE]}
            chunks.append(_chunk(reply, {"tool_calls": [{"index": index, "function": piece}]}))
    return chunks


def _chunk(reply: Reply, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _event({**_base(reply, "chat.completion.chunk"), "choices": [choice]})


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"
