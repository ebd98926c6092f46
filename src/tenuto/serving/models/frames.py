"""The talk between the server and a model's process: length-prefixed JSON, with raw tensors behind it.

The server starts with one ``Opening``; the process answers with a ``Reply``. Then one ``Question`` after the
other gets one ``Reply`` each. Nothing else is ever said.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.serving.protocol.binary import from_bytes, to_bytes
from tenuto.serving.protocol.datatypes import datatype_of
from tenuto.serving.words import Datatype, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array

LENGTHS = struct.Struct("<IQ")  # bytes of JSON, bytes of tensors


class Opening(msgspec.Struct, frozen=True):
    spec: ModelSpec
    memory_bytes: int


class TensorHead(msgspec.Struct, frozen=True):
    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    size: int


class Question(msgspec.Struct, frozen=True):
    wanted: tuple[str, ...]
    tensors: tuple[TensorHead, ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """``error`` is a fault's code and detail; the rest is empty then."""

    tensors: tuple[TensorHead, ...] = ()
    error: tuple[str, str] | None = None
    isolation: tuple[str, ...] = ()


def pack(message: msgspec.Struct, payload: bytes = b"") -> bytes:
    text = msgspec.json.encode(message)
    return b"".join((LENGTHS.pack(len(text), len(payload)), text, payload))


def pack_question(wanted: tuple[str, ...], inputs: Mapping[str, Array]) -> bytes:
    heads, payload = _pack_tensors(inputs)
    return pack(Question(wanted, heads), payload)


def pack_reply(outputs: Mapping[str, Array]) -> bytes:
    heads, payload = _pack_tensors(outputs)
    return pack(Reply(heads), payload)


def unpack_tensors(heads: tuple[TensorHead, ...], payload: bytes | bytearray) -> dict[str, Array]:
    view = memoryview(payload)
    arrays: dict[str, Array] = {}
    for head in heads:
        arrays[head.name] = from_bytes(view[: head.size], head.datatype, head.shape, head.name, missing=True)
        view = view[head.size :]
    return arrays


def _pack_tensors(arrays: Mapping[str, Array]) -> tuple[tuple[TensorHead, ...], bytes]:
    heads: list[TensorHead] = []
    chunks: list[bytes] = []
    for name, array in arrays.items():
        datatype = _datatype(name, array)
        chunk = to_bytes(array, datatype)
        heads.append(TensorHead(name, datatype, array.shape, len(chunk)))
        chunks.append(chunk)
    return tuple(heads), b"".join(chunks)


def _datatype(name: str, array: Any) -> Datatype:
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    if datatype is None:
        raise TypeError(f"{name!r}: numpy dtype {array.dtype} has no datatype")
    return datatype
