"""Read a stream of bytes forward only, within bounds, keeping what the last read returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from tenuto.guard.artifacts.findings import RefusedError

_CHUNK = 2**16
_KEPT = 256  # bytes of one read that are kept; a name is shorter


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(_CHUNK), b"")


class ByteReader:
    """What ``pickletools.genops`` needs of a file (read, readline, tell), over chunks from anywhere.

    ``take_raw`` returns the bytes read since it was last called; where a single read was longer than a name
    can be, they are left out and the second value says so.
    """

    def __init__(self, chunks: Iterator[bytes], place: str, line_bytes: int) -> None:
        self.place = place
        self._chunks = chunks
        self._line_bytes = line_bytes
        self._chunk = b""
        self._at = 0
        self._consumed = 0
        self._raw: list[bytes] = []
        self._whole = True

    def tell(self) -> int:
        return self._consumed

    def read(self, count: int) -> bytes:
        """Return ``count`` bytes, or what is left."""
        if count <= len(self._chunk) - self._at:  # nearly every read of a pickle
            data = self._chunk[self._at : self._at + count]
            self._at += count
            self._consumed += count
        else:
            data = b"".join(self._pieces(count))
        self._keep(data)
        return data

    def readline(self) -> bytes:
        """Return the next line with its end, or what is left."""
        pieces: list[bytes] = []
        length = 0
        while self._fill():
            end = self._chunk.find(b"\n", self._at) + 1
            piece = self._chunk[self._at : end or None]
            self._at += len(piece)
            self._consumed += len(piece)
            pieces.append(piece)
            length += len(piece)
            if end:
                break
            if length > self._line_bytes:
                raise RefusedError(
                    "file.too_large", self.where(), f"a line of more than {self._line_bytes} bytes"
                )
        line = b"".join(pieces)
        self._keep(line)
        return line

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes, which must be there."""
        passed = sum(map(len, self._pieces(count)))
        if passed < count:
            raise RefusedError("file.truncated", self.where(), f"{count - passed} bytes are missing")

    def take_raw(self) -> tuple[bytes, bool]:
        raw, whole = b"".join(self._raw), self._whole
        self._raw, self._whole = [], True
        return raw, whole

    def at_end(self) -> bool:
        return not self._fill()

    def where(self) -> str:
        return f"{self.place} at byte {self._consumed}"

    def _keep(self, data: bytes) -> None:
        if len(data) <= _KEPT:
            self._raw.append(data)
        else:
            self._whole = False

    def _pieces(self, count: int) -> Iterator[bytes]:
        while count > 0 and self._fill():
            piece = self._chunk[self._at : self._at + count]
            self._at += len(piece)
            self._consumed += len(piece)
            count -= len(piece)
            yield piece

    def _fill(self) -> bool:
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._chunk, self._at = chunk, 0
        return True
