"""Lists, whole or page by page."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items; ``next`` is what to pass as ``after`` for those that follow, None at the end."""

    items: list[T]
    next: str | None = None


class Items(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
