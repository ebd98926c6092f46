"""Declared things."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """``level`` is ``organisation`` or ``workspace``; ``schema`` is the JSON Schema of a ``spec``."""

    name: str
    level: str
    summary: str
    schema: dict[str, Any]


class Difference(msgspec.Struct, frozen=True):
    path: str
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True):
    """``verb`` is ``create``, ``update``, ``delete`` or ``keep``; ``version`` the one before the change."""

    verb: str
    kind: str
    name: str
    workspace: str | None
    version: int
    differences: list[Difference] = []


class Changes(msgspec.Struct, frozen=True):
    changes: list[Change]


class Resource(msgspec.Struct, frozen=True):
    """A declared thing in one version. ``spec`` is None for the version that deleted it."""

    id: str
    kind: str
    name: str
    workspace: str | None
    version: int
    spec: dict[str, Any] | None
    author: str
    at: datetime
