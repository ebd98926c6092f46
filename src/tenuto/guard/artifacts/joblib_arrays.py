"""Arrays that joblib writes between the opcodes of a pickle, behind a placeholder that describes them.

joblib's reader takes shape and type from the placeholder and passes over as many bytes as they make. This does
the same sum from the same description, which must be complete: a byte more or less, and opcodes would hide in
what looks like an array.
"""

from __future__ import annotations

from typing import Any

from tenuto.guard.artifacts.array_types import count_of, element_type
from tenuto.guard.artifacts.construction import NDARRAY, is_global
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.symbols import Bag

_ALIGNMENT = "numpy_array_alignment_bytes"
_DESCRIBED = {"subclass", "shape", "order", "dtype", "allow_mmap"}


def read_array(reader: ByteReader, state: Any) -> bool:
    """Pass over one array; tell instead whether it holds objects, which follow as a pickle of their own."""
    if not _describes_array(state):
        raise RefusedError("joblib.array", reader.where(), "an array that is not described as joblib does")
    element = element_type(state.entries["dtype"])
    count = count_of(state.entries["shape"])
    if element is None or count is None:
        raise RefusedError("joblib.array", reader.where(), "an array of unknown shape or type")
    if element.objects:
        return True
    if state.entries.get(_ALIGNMENT) is not None:
        reader.skip(int.from_bytes(reader.read(1), "little"))
    reader.skip(count * element.size)
    return False


def _describes_array(state: Any) -> bool:
    if not isinstance(state, Bag) or state.kind != "dict" or not state.complete:
        return False
    entries = state.entries
    return (
        set(entries) - {_ALIGNMENT} == _DESCRIBED
        and is_global(entries["subclass"], NDARRAY)
        and entries["order"] in {"C", "F"}
        and type(entries["allow_mmap"]) is bool
        and entries.get(_ALIGNMENT) in {None, 16}
    )
