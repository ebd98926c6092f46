"""Counts of tokens as servers write them: an object that should hold whole numbers."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def counts_read(said: object, shape: type[T]) -> T | None:
    """Return what was said in its shape, or None where it has another: such counts were not said."""
    try:
        return msgspec.convert(said, shape)
    except msgspec.ValidationError:
        return None
