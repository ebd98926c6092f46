"""Tensor data as raw bytes: little-endian numbers row by row; BYTES elements each behind a 4-byte length.

Where the model takes missing values, a missing BYTES element is the length 2^32-1 with nothing behind it: the
protocol has no spelling for it, and an element of that length is beyond every limit.
"""

from __future__ import annotations

import math
import struct
from itertools import count
from typing import TYPE_CHECKING

from tenuto.serving.protocol.checks import wrong_tensor
from tenuto.serving.protocol.datatypes import NUMPY_DTYPES, item_bytes
from tenuto.serving.words import Datatype

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenuto.serving.protocol.arrays import Array

_LENGTH = struct.Struct("<I")
_MISSING = 2**32 - 1


def from_bytes(
    content: memoryview, datatype: Datatype, shape: Sequence[int], name: str, *, missing: bool = False
) -> Array:
    """Read one tensor. The array of numbers is a view on ``content``. Raises ``REQUEST_TENSOR``."""
    import numpy as np

    if datatype is Datatype.BYTES:
        return _text_array(content, shape, name, missing=missing)
    expected = math.prod(shape) * item_bytes(datatype)
    if len(content) != expected:
        raise wrong_tensor(
            name, f"{len(content)} bytes of data, but {datatype.value} {list(shape)} is {expected} bytes"
        )
    if datatype is Datatype.BOOL and np.frombuffer(content, dtype="|u1").max(initial=0) > 1:
        raise wrong_tensor(name, "a BOOL is the byte 0 or 1")
    return np.frombuffer(content, dtype=NUMPY_DTYPES[datatype]).reshape(shape)


def to_bytes(array: Array, datatype: Datatype) -> bytes:
    import numpy as np

    if datatype is Datatype.BYTES:
        return b"".join(_element(item) for item in array.ravel().tolist())
    return np.ascontiguousarray(array, dtype=NUMPY_DTYPES[datatype]).tobytes()


def _element(item: str | None) -> bytes:
    if item is None:
        return _LENGTH.pack(_MISSING)
    text = str(item).encode()
    return _LENGTH.pack(len(text)) + text


def _text_array(content: memoryview, shape: Sequence[int], name: str, *, missing: bool) -> Array:
    import numpy as np

    texts = list(_texts(content, name, missing=missing))
    if len(texts) != math.prod(shape):
        raise wrong_tensor(
            name, f"{len(texts)} BYTES elements, but shape {list(shape)} asks for {math.prod(shape)}"
        )
    return np.array(texts, dtype=object).reshape(shape)


def _texts(content: memoryview, name: str, *, missing: bool) -> Iterator[str | None]:
    place = 0
    for index in count():
        if place == len(content):
            return
        if len(content) - place < _LENGTH.size:
            raise wrong_tensor(name, f"BYTES data ends inside the length of element {index}")
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size
        if length == _MISSING and missing:
            yield None
            continue
        if len(content) - place < length:
            raise wrong_tensor(name, f"BYTES data ends inside element {index}")
        yield _text(content[place : place + length], index, name)
        place += length


def _text(content: memoryview, index: int, name: str) -> str:
    try:
        return bytes(content).decode()
    except UnicodeDecodeError as error:
        raise wrong_tensor(name, f"BYTES element {index} is not UTF-8 text") from error
