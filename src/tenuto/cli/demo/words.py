"""What the demo says about each of its steps."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec


class DemoFailedError(Exception):
    """A step did not happen as it should have. Its text says what was expected and what was found."""


class Means(Enum):
    """What somebody reaches the platform with, or learns of it from."""

    HTTP = "http"
    COMMAND_LINE = "command_line"
    PYTHON_CLIENT = "python_client"
    MODEL_SDK = "model_sdk"  # the SDK that applications call models with
    INFERENCE_CLIENT = "inference_client"  # the Open Inference Protocol's own
    UPSTREAM_LOG = "upstream_log"
    OFFLINE = "offline"  # files and libraries, no platform between


class Use(msgspec.Struct, frozen=True, order=True):
    """Somebody used something. Noted by what was used, so that a report cannot claim it."""

    who: str
    means: str


class Proof(msgspec.Struct, frozen=True):
    """``evidence`` is an id that can be looked up; ``facts`` are for the report."""

    evidence: str
    facts: dict[str, Any] = {}


class Row(msgspec.Struct, frozen=True):
    """One step that happened: who did it and who read it back, each with what."""

    key: str
    evidence: str
    seconds: float
    did: list[Use] = []
    read: list[Use] = []
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
