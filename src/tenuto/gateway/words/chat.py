"""The chat tree: what any chat request says, whatever format it came in.

It is built only when a call crosses from one wire format to another; a call that stays in its format is
passed on as it came. What the tree has no word for is either *lost* (named to the caller in a response
header) or *binding* (the call is refused for an upstream of another format, because the answer would not be
what was asked for).
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Role(Enum):
    USER = "user"
    ASSISTANT = "assistant"


class Text(msgspec.Struct, frozen=True, tag="text"):
    text: str


class Image(msgspec.Struct, frozen=True, tag="image"):
    """Either ``data`` (base64, with its media type) or ``url``."""

    media_type: str = ""
    data: str = ""
    url: str = ""


class ToolUse(msgspec.Struct, frozen=True, tag="tool_use"):
    """A tool the model asked for. ``arguments`` is the text of a JSON object."""

    id: str
    name: str
    arguments: str


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    tool_use_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False


Part = Text | Image | ToolUse | ToolResult


class Turn(msgspec.Struct, frozen=True):
    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True):
    name: str
    description: str | None
    parameters: msgspec.Raw  # JSON Schema, passed on untouched
    strict: bool | None = None


class ToolMode(Enum):
    AUTO = "auto"
    REQUIRED = "required"
    NONE = "none"
    NAMED = "named"


class ToolChoice(msgspec.Struct, frozen=True):
    mode: ToolMode | None = None
    name: str | None = None
    parallel: bool | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    user: str | None = None
    lost: tuple[str, ...] = ()
    binding: tuple[str, ...] = ()
