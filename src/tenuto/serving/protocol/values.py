"""Tensor data as JSON values: read into an array of exactly its datatype, and written from one.

Numbers are never converted on the quiet: ``true`` is no number, 1.5 is no integer, 300 is no INT8. JSON has
no NaN; where the model takes missing values they are ``null``.
"""

from __future__ import annotations

import contextlib
import math
import re
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_OUTPUT
from tenuto.serving.protocol.checks import wrong_tensor
from tenuto.serving.protocol.datatypes import FLOATS, NUMPY_DTYPES
from tenuto.serving.words import Datatype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenuto.serving.protocol.arrays import Array

_OPENING = re.compile(rb"[\[ \t\r\n]*")


def from_json(
    raw: bytes, datatype: Datatype, shape: Sequence[int], name: str, *, missing: bool = False
) -> Array:
    """Read ``data`` of one tensor, flat or nested as ``shape`` says. Raises ``REQUEST_TENSOR``."""
    if datatype is Datatype.FP16:
        raise wrong_tensor(name, "FP16 has no JSON form; send it as binary data")
    depth = _depth(raw)
    if depth not in {1, len(shape)}:
        raise wrong_tensor(
            name, f"data is nested {depth} deep; send a flat list or one nested {len(shape)} deep"
        )
    try:
        items = _decoder(_element(datatype, missing=missing), depth).decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise wrong_tensor(name, f"data: {error}, for datatype {datatype.value}") from error
    return _array(items, datatype, shape, name, nested=depth > 1)


def to_json(array: Array, datatype: Datatype, name: str) -> list[Any]:
    """Write a tensor as a flat list; NaN becomes ``null``. Raises ``REQUEST_OUTPUT`` on what JSON cannot."""
    import numpy as np

    if datatype is Datatype.FP16:
        raise TenutoError(REQUEST_OUTPUT, f"{name!r} is FP16", output=name)
    if datatype in FLOATS and np.isinf(array).any():
        raise TenutoError(REQUEST_OUTPUT, f"{name!r} holds infinite values", output=name)
    return list(array.ravel().tolist())


def _depth(raw: bytes) -> int:
    opening = _OPENING.match(raw)
    return opening.group().count(b"[") if opening else 0


def _element(datatype: Datatype, *, missing: bool) -> str:
    kinds = {Datatype.BOOL: "bool", Datatype.BYTES: "str"}
    kind = "float" if datatype in FLOATS else kinds.get(datatype, "int")
    return f"{kind}?" if missing and kind in {"float", "str"} else kind


@lru_cache(maxsize=64)
def _decoder(element: str, depth: int) -> msgspec.json.Decoder[Any]:
    form: Any = {"bool": bool, "int": int, "float": float, "str": str}[element.rstrip("?")]
    if element.endswith("?"):
        form |= None
    for _ in range(depth):
        form = types.GenericAlias(list, (form,))
    return msgspec.json.Decoder(form)


def _array(items: list[Any], datatype: Datatype, shape: Sequence[int], name: str, *, nested: bool) -> Array:
    import numpy as np

    # What is too large for FP32 becomes infinite, and is then refused as such, not warned about.
    quiet = np.errstate(over="ignore") if datatype is Datatype.FP32 else contextlib.nullcontext()
    try:
        with quiet:
            array = np.array(items, dtype=NUMPY_DTYPES[datatype])
    except OverflowError as error:
        raise wrong_tensor(name, f"data: {error}, the range of {datatype.value}") from error
    except ValueError as error:
        raise wrong_tensor(name, "data: the nested lists have different lengths") from error
    if nested and array.shape != tuple(shape):
        raise wrong_tensor(name, f"data is nested as {list(array.shape)} but shape says {list(shape)}")
    if array.size != math.prod(shape):
        raise wrong_tensor(
            name, f"data holds {array.size} elements but shape {list(shape)} asks for {math.prod(shape)}"
        )
    return array.reshape(shape)
