"""What every caller-side format can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tenuto.core.errors import Fault, FaultKind, TenutoError
from tenuto.gateway.document import Fields
from tenuto.gateway.ports import MakeRestorer
from tenuto.gateway.words.accounting import Usage
from tenuto.gateway.words.answer import Answer, AnswerEvent, Frame
from tenuto.gateway.words.chat import ChatRequest
from tenuto.gateway.words.routing import WireFormat

STATUS = {
    FaultKind.INVALID: 400,
    FaultKind.UNAUTHENTICATED: 401,
    FaultKind.BUDGET: 402,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.CONFLICT: 409,
    FaultKind.TOO_LARGE: 413,
    FaultKind.UNSUPPORTED: 415,
    FaultKind.LIMITED: 429,
    FaultKind.INTERNAL: 500,
    FaultKind.UPSTREAM: 502,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.TIMEOUT: 504,
    FaultKind.NO_SPACE: 507,
}


class Renderer(Protocol):
    """Writes a stream of events in the caller's format."""

    def render(self, events: Iterable[AnswerEvent]) -> bytes: ...


class FrameEditor(Protocol):
    """Restores personal data in frames that stay in their format, leaving everything else as it came."""

    def edit(self, frame: Frame) -> bytes: ...


class CallerFormat(Protocol):
    @property
    def wire(self) -> WireFormat: ...

    def chat(self, fields: Fields) -> ChatRequest:
        """Read the chat tree. Raises ``TenutoError`` where a field has the wrong shape."""
        ...

    def answer(self, answer: Answer, usage: Usage, created: int) -> bytes: ...

    def renderer(self, *, created: int, shows_usage: bool) -> Renderer: ...

    def editor(self, restorer: MakeRestorer) -> FrameEditor: ...

    def error(self, error: TenutoError, request_id: str) -> bytes: ...

    def error_event(self, error: TenutoError, request_id: str) -> bytes: ...


def status_of(fault: Fault) -> int:
    return STATUS[fault.kind]


def message_of(error: TenutoError) -> str:
    """Say what was wrong, what to do, and the code to look it up by, in one line."""
    said = str(error).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}. {error.fault.fix} ({error.fault.code})"


def code_of(fault: Fault) -> str:
    return fault.code.rpartition(".")[2]
