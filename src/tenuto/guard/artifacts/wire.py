"""The wire format of Protocol Buffers, as far as walking through a message needs it."""

from __future__ import annotations

from collections.abc import Iterator

from tenuto.guard.artifacts.findings import RefusedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def fields(message: memoryview, place: str) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and value of each field; a number for varints, the bytes for everything else."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(message, position, place)
            yield number, value
            continue
        length, position = _length(message, position, kind, place)
        end = position + length
        if number == 0 or end > len(message):
            raise RefusedError("onnx.malformed", place, "a field that reaches over the end of its message")
        yield number, message[position:end]
        position = end


def _length(message: memoryview, position: int, kind: int, place: str) -> tuple[int, int]:
    """Return how many bytes the field's value has, and where it begins."""
    if kind == _BYTES:
        return _varint(message, position, place)
    if kind == _FIXED64:
        return 8, position
    if kind == _FIXED32:
        return 4, position
    raise RefusedError("onnx.malformed", place, "a field of an unknown kind")


def _varint(message: memoryview, position: int, place: str) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise RefusedError("onnx.malformed", place, "a number that does not end")
