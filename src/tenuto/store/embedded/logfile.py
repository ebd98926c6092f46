"""The server's log: one file and a few older ones, of bounded size, written by the server itself.

The server keeps the file open for its whole life, and it outlives whoever started it; so the file is copied
and emptied rather than renamed. A line written between the two steps is lost.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_KEPT = 3
_TAIL = 64 << 10  # bytes


def open_log(log: Path) -> int:
    """Return a descriptor that appends to the log. The caller closes it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(log, flags, 0o600)


def rotate(log: Path, limit: int) -> None:
    """Move the log's content aside when it has passed ``limit`` bytes."""
    if size_of(log) <= limit:
        return
    for age in range(_KEPT, 1, -1):
        younger = _older(log, age - 1)
        if younger.exists():
            younger.replace(_older(log, age))
    staged = log.with_name(f"{log.name}.new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as sink, log.open("rb") as source:
        shutil.copyfileobj(source, sink)
    staged.replace(_older(log, 1))
    os.truncate(log, 0)


def size_of(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def said_since(log: Path, position: int) -> str:
    """Return what was written after ``position``, at most the last 64 KiB of it."""
    with log.open("rb") as source:
        source.seek(max(position, size_of(log) - _TAIL))
        return source.read().decode(errors="replace")


def _older(log: Path, age: int) -> Path:
    return log.with_name(f"{log.name}.{age}")
