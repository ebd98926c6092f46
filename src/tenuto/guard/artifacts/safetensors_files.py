"""safetensors: a JSON header and, behind it without holes or overlaps, the tensors it describes."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from tenuto.guard.artifacts.array_types import count_of
from tenuto.guard.artifacts.findings import RefusedError

_PLACE = "header"
_METADATA = "__metadata__"
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


def scan_safetensors(stream: BinaryIO, size: int, longest_header: int) -> None:
    length = int.from_bytes(stream.read(8), "little")
    if length > min(longest_header, size - 8):
        raise RefusedError("safetensors.header", _PLACE, f"a header of {length} bytes in a file of {size}")
    header = _header(stream.read(length))
    spans = sorted(_span(name, entry) for name, entry in header.items() if name != _METADATA)
    end = 0
    for start, stop, name in spans:
        if start != end:
            raise RefusedError("safetensors.tensor", name, "tensors that overlap or leave a hole")
        end = stop
    if 8 + length + end != size:
        raise RefusedError("safetensors.tensor", _PLACE, "the tensors do not fill the file")


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RefusedError("safetensors.header", _PLACE, f"no JSON: {error}"[:200]) from error
    if not isinstance(header, dict) or not text.startswith(b"{"):
        raise RefusedError("safetensors.header", _PLACE, "the header is no object")
    metadata = header.get(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise RefusedError("safetensors.header", _METADATA, "metadata that is not text")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _span(name: str, entry: Any) -> tuple[int, int, str]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise RefusedError("safetensors.tensor", name[:100], "a tensor that is not described")
    bits, count = _BITS.get(str(entry["dtype"])), count_of(_as_tuple(entry["shape"]))
    offsets = entry["data_offsets"]
    if bits is None or count is None:
        raise RefusedError("safetensors.tensor", name[:100], "a tensor of unknown type or shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(one) is int for one in offsets):
        raise RefusedError("safetensors.tensor", name[:100], "a tensor without offsets")
    if offsets[0] < 0 or (offsets[1] - offsets[0]) * 8 != count * bits:
        raise RefusedError("safetensors.tensor", name[:100], "a tensor whose size is not that of its shape")
    return offsets[0], offsets[1], name[:100]


def _as_tuple(shape: Any) -> Any:
    return tuple(shape) if isinstance(shape, list) else shape
