"""Content addresses: ``sha256:`` and 64 hexadecimal digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tenuto.core.errors import INVALID_VALUE, TenutoError

_PREFIX = "sha256:"
_CHUNK = 1 << 20  # bytes
_LENGTH = len(_PREFIX) + 64


def digest_of(content: bytes) -> str:
    return _PREFIX + hashlib.sha256(content).hexdigest()


def digest_of_chunks(chunks: Iterable[bytes]) -> str:
    """Return the digest of the chunks' concatenation, holding one chunk at a time."""
    state = hashlib.sha256()
    for chunk in chunks:
        state.update(chunk)
    return _PREFIX + state.hexdigest()


def digest_of_file(place: Path) -> str:
    with place.open("rb") as content:
        return digest_of_chunks(iter(lambda: content.read(_CHUNK), b""))


def require_digest(text: str) -> str:
    """Return ``text`` if it is a well-formed digest, else raise. Guards every path built from a digest."""
    hexadecimal = text.removeprefix(_PREFIX)
    if len(text) != _LENGTH or not text.startswith(_PREFIX) or set(hexadecimal) - set("0123456789abcdef"):
        raise TenutoError(INVALID_VALUE, "a digest is `sha256:` and 64 hexadecimal digits")
    return text
