"""What the demo says about each of its steps."""

from __future__ import annotations

from typing import Any

import msgspec


class DemoFailedError(Exception):
    """A step did not happen as it should have. Its text says what was expected and what was found."""


class Row(msgspec.Struct, frozen=True):
    """One step that happened. ``facts`` are for the report; ``evidence`` is an id that can be looked up."""

    key: str
    evidence: str
    seconds: float
    facts: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True):
    key: str
    why: str


def require(holds: object, otherwise: str) -> None:
    """Go on only if it holds. A demo that shrugs proves nothing."""
    if not holds:
        raise DemoFailedError(otherwise)


def require_equal(found: object, wanted: object, what: str) -> None:
    require(found == wanted, f"{what}: expected {wanted!r}, found {found!r}")
