"""The pieces of an answer, in the order a model says them, whatever format they came in.

A decoder turns bytes into frames. Each frame keeps the bytes it came from, so that an answer can be passed on
untouched, and the events those bytes mean, so that it can be counted, guarded and translated.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from tenuto.core.errors import Fault
from tenuto.gateway.words.accounting import UsageReport


class StopReason(Enum):
    END = "end"
    LENGTH = "length"
    TOOL_USE = "tool_use"
    STOP_SEQUENCE = "stop_sequence"
    FILTERED = "filtered"
    PAUSED = "paused"


class Begun(msgspec.Struct, frozen=True):
    id: str
    model: str


class TextPiece(msgspec.Struct, frozen=True):
    text: str


class ThinkingPiece(msgspec.Struct, frozen=True):
    text: str


class ToolBegun(msgspec.Struct, frozen=True):
    """A tool call starts. ``index`` tells the parallel calls of one answer apart."""

    index: int
    id: str
    name: str


class ToolPiece(msgspec.Struct, frozen=True):
    """A piece of the JSON text of a tool call's arguments."""

    index: int
    json: str


class Finished(msgspec.Struct, frozen=True):
    reason: StopReason
    stop_sequence: str | None = None


class Counted(msgspec.Struct, frozen=True):
    report: UsageReport


class Ended(msgspec.Struct, frozen=True):
    """The terminator: nothing follows, and nothing is missing."""


class Failed(msgspec.Struct, frozen=True):
    """The upstream said, or showed, that this answer will not be finished."""

    fault: Fault
    detail: str
    retry_after: int | None = None


AnswerEvent = Begun | TextPiece | ThinkingPiece | ToolBegun | ToolPiece | Finished | Counted | Ended | Failed

CONTENT = (TextPiece, ThinkingPiece, ToolBegun, ToolPiece, Finished)


class Frame(msgspec.Struct, frozen=True):
    """One unit of an answer as it came (an event of a stream, or a whole body) and what it means.

    ``data`` is the JSON inside ``raw``, empty where there is none.
    """

    raw: bytes
    events: tuple[AnswerEvent, ...] = ()
    data: bytes = b""
    usage_only: bool = False  # exists only because usage was asked for


class AnswerText(msgspec.Struct, frozen=True):
    text: str


class AnswerThinking(msgspec.Struct, frozen=True):
    text: str


class AnswerTool(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str


class Answer(msgspec.Struct, frozen=True):
    """A whole answer: its events, folded."""

    id: str
    model: str
    blocks: tuple[AnswerText | AnswerThinking | AnswerTool, ...]
    stop: StopReason
    stop_sequence: str | None = None
