"""Identifiers: UUID version 7 (RFC 9562), sortable by time, never guessable, never a right in themselves."""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import Protocol

_UNIX_MS_BITS = 48
_RANDOM_BITS = 74


class Ids(Protocol):
    def new(self) -> str:
        """Return a fresh identifier, in canonical 36-character form."""
        ...


class UuidSeven:
    """Identifiers that sort in the order they were made, also within one millisecond of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> str:
        fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | int.from_bytes(os.urandom(10)) >> 6
        with self._lock:
            fresh = self._last = max(fresh, self._last + 1)
        return str(uuid.UUID(int=_with_version(fresh)))


def _with_version(value: int) -> int:
    """Spread 48 + 74 bits around the version and variant bits of RFC 9562."""
    stamp = value >> _RANDOM_BITS & ((1 << _UNIX_MS_BITS) - 1)
    random_a = value >> 62 & 0xFFF
    random_b = value & ((1 << 62) - 1)
    return stamp << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b


def is_id(text: str) -> bool:
    """Tell whether ``text`` is an identifier in canonical form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
