"""Reads a messages request into the chat tree."""

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
    {"model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "stop_sequences"}
    | {"tools", "tool_choice", "metadata"}
)
# Fields without which the answer would be another one than was asked for.
_BINDING = frozenset({"mcp_servers", "container", "output_config", "output_format"})
_THINKING = frozenset({"thinking", "redacted_thinking"})  # readable by the provider that wrote it only
_CLIENT_TOOLS = frozenset({None, "custom"})


class _Source(msgspec.Struct):
    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""


class _Block(msgspec.Struct):
    type: str
    text: str = ""
    source: _Source | None = None
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    tool_use_id: str = ""
    content: str | list[_Block] | None = None
    is_error: bool | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block]


class _Tool(msgspec.Struct):
    name: str
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = msgspec.Raw(b'{"type":"object","properties":{}}')
    strict: bool | None = None


class _ToolChoice(msgspec.Struct):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Metadata(msgspec.Struct):
    user_id: str | None = None


def read_chat(fields: Fields) -> ChatRequest:
    messages = field(fields, "messages", list[_Message]) or []
    limit = field(fields, "max_tokens", int)
    if limit is None:
        raise TenutoError(FIELD_WRONG, "`max_tokens` is required", field="max_tokens")
    lost = [name for name in fields if name not in _READ and name not in _BINDING]
    binding = [name for name in fields if name in _BINDING and bytes(fields[name]) != b"null"]
    metadata = field(fields, "metadata", _Metadata)
    return ChatRequest(
        turns=tuple(_turn(message, f"messages[{i}]", binding, lost) for i, message in enumerate(messages)),
        system=tuple(_system(fields)),
        tools=tuple(_tools(fields, binding)),
        tool_choice=_tool_choice(fields),
        max_tokens=limit,
        temperature=field(fields, "temperature", float),
        top_p=field(fields, "top_p", float),
        stop=tuple(field(fields, "stop_sequences", list[str]) or ()),
        user=metadata.user_id if metadata else None,
        lost=tuple(dict.fromkeys(lost)),
        binding=tuple(binding),
    )


def _system(fields: Fields) -> Iterable[str]:
    system = field(fields, "system", str | list[_Block])
    if system is None:
        return ()
    return (system,) if isinstance(system, str) else (block.text for block in system)


def _turn(message: _Message, place: str, binding: list[str], lost: list[str]) -> Turn:
    if message.role not in {"user", "assistant"}:
        raise TenutoError(FIELD_WRONG, f"`{place}.role`: {message.role!r} is no role", field=place)
    role = Role(message.role)
    if isinstance(message.content, str):
        return Turn(role, (Text(message.content),) if message.content else ())
    return Turn(role, tuple(_parts(message.content, place, binding, lost)))


def _parts(blocks: list[_Block], place: str, binding: list[str], lost: list[str]) -> Iterable[Part]:
    for index, block in enumerate(blocks):
        here = f"{place}.content[{index}]"
        if block.type in _THINKING:
            lost.append(block.type)
        elif block.type == "tool_use":
            yield ToolUse(block.id, block.name, bytes(block.input).decode())
        elif block.type == "tool_result":
            yield _tool_result(block, here, binding, lost)
        else:
            yield from _plain(block, here, binding)


def _plain(block: _Block, here: str, binding: list[str]) -> Iterable[Text | Image]:
    source = block.source
    if block.type == "text":
        yield Text(block.text)
    elif block.type == "image" and source is not None and source.type in {"base64", "url"}:
        yield Image(source.media_type, source.data, source.url)
    else:
        binding.append(f"{here} ({block.type})")


def _tool_result(block: _Block, here: str, binding: list[str], lost: list[str]) -> ToolResult:
    is_error = bool(block.is_error)
    if is_error:
        lost.append("tool_result.is_error")
    if isinstance(block.content, str):
        return ToolResult(block.tool_use_id, (Text(block.content),), is_error)
    parts = (part for item in block.content or () for part in _plain(item, here, binding))
    return ToolResult(block.tool_use_id, tuple(parts), is_error)


def _tools(fields: Fields, binding: list[str]) -> Iterable[Tool]:
    for index, tool in enumerate(field(fields, "tools", list[_Tool]) or ()):
        if tool.type in _CLIENT_TOOLS:
            yield Tool(tool.name, tool.description, tool.input_schema, tool.strict)
        else:
            binding.append(f"tools[{index}] ({tool.type})")


def _tool_choice(fields: Fields) -> ToolChoice:
    choice = field(fields, "tool_choice", _ToolChoice)
    if choice is None:
        return ToolChoice()
    modes = {
        "auto": ToolMode.AUTO,
        "any": ToolMode.REQUIRED,
        "none": ToolMode.NONE,
        "tool": ToolMode.NAMED,
    }
    if choice.type not in modes:
        raise TenutoError(
            FIELD_WRONG, f"`tool_choice.type`: {choice.type!r} is no choice", field="tool_choice"
        )
    parallel = None if choice.disable_parallel_tool_use is None else not choice.disable_parallel_tool_use
    return ToolChoice(modes[choice.type], choice.name, parallel)
