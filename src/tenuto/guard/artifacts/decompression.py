"""Unpack what joblib compresses: one stream, to its end, within bounds."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from tenuto.guard.artifacts.findings import RefusedError

_CHUNK = 2**16
_MOST_MEMORY = 2**28  # bytes an xz or lzma dictionary may ask for


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """``zlib`` with the interface that ``bz2`` and ``lzma`` share."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(0, max_length))


# By the beginnings that joblib looks for, in its order. lz4 cannot be looked into: nothing here reads it.
_METHODS: tuple[tuple[bytes, str, Callable[[], _Decompressor] | None], ...] = (
    (b"\x78", "zlib", lambda: _Zlib(15)),
    (b"\x1f\x8b", "gzip", lambda: _Zlib(31)),
    (b"BZ", "bz2", bz2.BZ2Decompressor),
    (b"\x5d\x00", "lzma", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _MOST_MEMORY)),
    (b"\xfd\x37\x7a\x58\x5a", "xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)),
    (b"\x04\x22\x4d\x18", "lz4", None),
)


def compression_of(head: bytes) -> str:
    """Return the method whose beginning ``head`` has, as joblib would decide; empty when there is none."""
    return next((name for prefix, name, _ in _METHODS if head.startswith(prefix)), "")


def unpacked(stream: BinaryIO, method: str, place: str, limit: int) -> Iterator[bytes]:
    """Yield the content in chunks. Refuses a second stream or anything else behind the first."""
    make = next(maker for _, name, maker in _METHODS if name == method)
    if make is None:
        raise RefusedError(
            "compression.unsupported", place, f"{method} cannot be looked into; compress with zlib"
        )
    total = 0
    for chunk in _decompress(stream, make(), method, place):
        total += len(chunk)
        if total > limit:
            raise RefusedError("file.too_large", place, f"unpacks to more than {limit} bytes")
        yield chunk


def _decompress(stream: BinaryIO, inner: _Decompressor, method: str, place: str) -> Iterator[bytes]:
    try:
        while not inner.eof:
            data = stream.read(_CHUNK) if inner.needs_input else b""
            if inner.needs_input and not data:
                raise RefusedError("file.truncated", place, f"the {method} stream ends early")
            yield inner.decompress(data, _CHUNK)
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise RefusedError("compression.malformed", place, f"no {method} stream: {error}"[:200]) from error
    if inner.unused_data or stream.read(1):
        raise RefusedError("file.trailing_data", place, f"there is more behind the {method} stream")
