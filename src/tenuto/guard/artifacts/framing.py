"""Frames of pickle protocol 4: the pure Python reader ends a frame where it says, the C reader does not care."""

from __future__ import annotations

from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import ByteReader


class Framing:
    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._end = 0

    def begin(self, length: int) -> None:
        if self._reader.tell() < self._end:
            raise RefusedError("pickle.frame", self._reader.where(), "a frame begins inside a frame")
        self._end = self._reader.tell() + length

    def check(self, start: int) -> None:
        """Refuse an opcode that began in a frame, at ``start``, and ended behind it."""
        if start < self._end < self._reader.tell():
            raise RefusedError(
                "pickle.frame", self._reader.where(), "an opcode reaches over the end of its frame"
            )

    def require_closed(self) -> None:
        """Refuse to read on outside the opcodes while a frame still holds some."""
        if self._reader.tell() < self._end:
            raise RefusedError("pickle.frame", self._reader.where(), "the frame goes on")
