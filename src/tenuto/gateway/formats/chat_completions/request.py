"""Reads a chat completions request into the chat tree."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import Fields, field
from tenuto.gateway.errors import FIELD_WRONG
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

_READ = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature"}
    | {
        "top_p",
        "stop",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "user",
        "n",
        "response_format",
        "modalities",
    }
    | {"logprobs"}
)
# Fields without which the answer would be another one than was asked for.
_BINDING = frozenset({"functions", "function_call", "audio", "web_search_options", "top_logprobs"})


class _ImageUrl(msgspec.Struct):
    url: str


class _Part(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _ImageUrl | None = None


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    id: str
    function: _Function | None = None
    type: str = "function"


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None


class _ToolFunction(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = msgspec.Raw(b'{"type":"object","properties":{}}')
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: str = "function"
    function: _ToolFunction | None = None


class _Named(msgspec.Struct):
    name: str


class _NamedTool(msgspec.Struct):
    type: str
    function: _Named | None = None


class _ResponseFormat(msgspec.Struct):
    type: str


def read_chat(fields: Fields) -> ChatRequest:
    messages = field(fields, "messages", list[_Message]) or []
    binding = _binding(fields)
    limit = field(fields, "max_completion_tokens", int)
    return ChatRequest(
        turns=tuple(_turns(messages, binding)),
        system=tuple(text for message in messages for text in _system(message)),
        tools=tuple(_tools(fields, binding)),
        tool_choice=_tool_choice(fields, binding),
        max_tokens=field(fields, "max_tokens", int) if limit is None else limit,
        temperature=field(fields, "temperature", float),
        top_p=field(fields, "top_p", float),
        stop=_stop(fields),
        user=field(fields, "user", str),
        lost=tuple(name for name in fields if name not in _READ and name not in _BINDING),
        binding=tuple(binding),
    )


def _binding(fields: Fields) -> list[str]:
    found = [name for name in fields if name in _BINDING and bytes(fields[name]) not in {b"null", b"0"}]
    if (field(fields, "n", int) or 1) > 1:
        found.append("n")
    if field(fields, "logprobs", bool):
        found.append("logprobs")
    response_format = field(fields, "response_format", _ResponseFormat)
    if response_format and response_format.type != "text":
        found.append("response_format")
    if set(field(fields, "modalities", list[str]) or ["text"]) != {"text"}:
        found.append("modalities")
    return found


def _stop(fields: Fields) -> tuple[str, ...]:
    stop = field(fields, "stop", str | list[str])
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _is_system(message: _Message) -> bool:
    return message.role in {"system", "developer"}


def _system(message: _Message) -> Iterable[str]:
    if not _is_system(message) or message.content is None:
        return ()
    if isinstance(message.content, str):
        return (message.content,)
    return tuple(part.text or "" for part in message.content)


def _turns(messages: list[_Message], binding: list[str]) -> Iterable[Turn]:
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if _is_system(message):
            continue
        if message.role == "user":
            yield Turn(Role.USER, tuple(_parts(message, place, binding)))
        elif message.role == "assistant":
            calls = (_tool_use(call, place, binding) for call in message.tool_calls or ())
            yield Turn(Role.ASSISTANT, (*_parts(message, place, binding), *filter(None, calls)))
        elif message.role == "tool":
            yield Turn(Role.USER, (_tool_result(message, place, binding),))
        else:
            raise TenutoError(FIELD_WRONG, f"`{place}.role`: {message.role!r} is no role", field=place)


def _parts(message: _Message, place: str, binding: list[str]) -> Iterable[Text | Image]:
    if isinstance(message.content, str):
        if message.content:
            yield Text(message.content)
        return
    for index, part in enumerate(message.content or ()):
        read = _part(part)
        if read is None:
            binding.append(f"{place}.content[{index}] ({part.type})")
        else:
            yield read


def _part(part: _Part) -> Text | Image | None:
    if part.type == "text":
        return Text(part.text or "")
    if part.type == "refusal":
        return Text(part.refusal or "")
    if part.type == "image_url" and part.image_url is not None:
        return _image(part.image_url.url)
    return None


def _image(url: str) -> Image:
    """Read an image address; ``data:image/png;base64,...`` carries the image itself."""
    head, comma, data = url.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return Image(media_type=head.removeprefix("data:").removesuffix(";base64"), data=data)
    return Image(url=url)


def _tool_use(call: _ToolCall, place: str, binding: list[str]) -> ToolUse | None:
    if call.function is None:
        binding.append(f"{place}.tool_calls ({call.type})")
        return None
    return ToolUse(call.id, call.function.name, call.function.arguments)


def _tool_result(message: _Message, place: str, binding: list[str]) -> Part:
    if message.tool_call_id is None:
        raise TenutoError(FIELD_WRONG, f"`{place}.tool_call_id` is required", field=place)
    return ToolResult(message.tool_call_id, tuple(_parts(message, place, binding)))


def _tools(fields: Fields, binding: list[str]) -> Iterable[Tool]:
    for index, tool in enumerate(field(fields, "tools", list[_Tool]) or ()):
        if tool.function is None:
            binding.append(f"tools[{index}] ({tool.type})")
        else:
            function = tool.function
            yield Tool(function.name, function.description, function.parameters, function.strict)


def _tool_choice(fields: Fields, binding: list[str]) -> ToolChoice:
    parallel = field(fields, "parallel_tool_calls", bool)
    choice = field(fields, "tool_choice", str | _NamedTool)
    if choice is None:
        return ToolChoice(parallel=parallel)
    if isinstance(choice, str):
        modes = {"auto": ToolMode.AUTO, "none": ToolMode.NONE, "required": ToolMode.REQUIRED}
        if choice not in modes:
            raise TenutoError(FIELD_WRONG, f"`tool_choice`: {choice!r} is no choice", field="tool_choice")
        return ToolChoice(modes[choice], parallel=parallel)
    if choice.function is None:
        binding.append(f"tool_choice ({choice.type})")
        return ToolChoice(parallel=parallel)
    return ToolChoice(ToolMode.NAMED, choice.function.name, parallel)
