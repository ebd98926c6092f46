"""numpy arrays as ``.npy``, without objects. Gaps between fields are zeroed, so equal means equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.errors import VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.sinks import verified
from tenuto.pipelines.words import StoredValue

_VERSION = (3, 0)  # the first that takes field names of any alphabet


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    import numpy as np

    if value.dtype.hasobject:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"an array of {value.dtype} holds Python objects")
    np.lib.format.write_array(sink, without_padding(value), version=_VERSION, allow_pickle=False)
    exact = ValueType(Kind.ARRAY, name=value.dtype.type.__name__)
    return exact, {"dtype": str(value.dtype), "shape": list(value.shape)}


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:  # noqa: ARG001 (the codecs' shape)
    import numpy as np

    with verified(stored, files).open("rb") as content:
        return np.lib.format.read_array(content, allow_pickle=False)


def without_padding(array: Any) -> Any:
    """Return a structured array with zeros where its fields leave gaps, any other array as it is."""
    import numpy as np

    if array.dtype.names is None:
        return array
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    return clean
