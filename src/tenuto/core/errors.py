"""One shape for everything that can go wrong.

A *fault* is declared once, as a constant in its room's ``errors.py``, with a code that never changes, a
summary, the fix, and whether trying again can help. An *error* is a fault that happened, with the detail of
this time. Rooms never choose an HTTP status: they choose a ``FaultKind``, and the web surface maps kinds.

    TenutoError
    └── carries Fault(code, kind, summary, fix, retryable) + detail + context
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec


class FaultKind(Enum):
    """What sort of trouble a fault is. The web surface maps each kind to one HTTP status."""

    INVALID = "invalid"  # the input is wrong; the same input will always be refused
    UNAUTHENTICATED = "unauthenticated"  # nobody is known to be asking
    FORBIDDEN = "forbidden"  # somebody is asking, who may not
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # the state moved on; read again
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"  # a media type or feature this door does not take
    BUDGET = "budget"  # money or quota that does not come back by waiting
    LIMITED = "limited"  # a rate that does come back by waiting
    UPSTREAM = "upstream"  # a provider answered wrongly
    UNAVAILABLE = "unavailable"  # a part of Tenuto is away for now
    TIMEOUT = "timeout"
    NO_SPACE = "no_space"
    INTERNAL = "internal"


class Fault(msgspec.Struct, frozen=True):
    """A thing that can go wrong. ``fix`` is a sentence that says what to do about it."""

    code: str  # "room.name", stable for ever
    kind: FaultKind
    summary: str
    fix: str
    retryable: bool = False


class TenutoError(Exception):
    """A fault that happened.

    ``detail`` says what was wrong this time; ``context`` holds small JSON values for machines (a field name,
    a position, a limit). Neither may hold a secret: both are shown to the caller.
    """

    def __init__(self, fault: Fault, detail: str = "", **context: Any) -> None:
        super().__init__(f"{fault.summary}: {detail}" if detail else fault.summary)
        self.fault = fault
        self.detail = detail
        self.context = context

    def as_json(self) -> dict[str, Any]:
        """The error as every machine-readable surface shows it."""
        body: dict[str, Any] = {
            "code": self.fault.code,
            "summary": self.fault.summary,
            "detail": self.detail,
            "fix": self.fault.fix,
            "retryable": self.fault.retryable,
        }
        if self.context:
            body["context"] = self.context
        return body


INVALID_VALUE = Fault(
    "core.invalid_value",
    FaultKind.INVALID,
    "a value is not what this place takes",
    "Correct the named field; the detail says what was expected.",
)
UNKNOWN_FIELD = Fault(
    "core.unknown_field",
    FaultKind.INVALID,
    "a field is not known here",
    "Remove the field or use the nearest known name that the detail suggests.",
)
PLUGIN_UNKNOWN = Fault(
    "core.plugin_unknown",
    FaultKind.INVALID,
    "no plugin of that name is installed",
    "Use one of the installed names listed in the detail, or install the distribution that brings it.",
)
PLUGIN_NOT_ALLOWED = Fault(
    "core.plugin_not_allowed",
    FaultKind.FORBIDDEN,
    "the plugin's distribution is not on the allow-list",
    "Add the distribution to the setting `plugin_distributions` after reviewing it.",
)
