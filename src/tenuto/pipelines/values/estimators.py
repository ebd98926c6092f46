"""scikit-learn estimators through skops: no pickle, and no type that is not on a list.

skops trusts scikit-learn's public estimators and numpy's and scipy's functions by their exact names; the list
below adds what those estimators are made of. Whatever else an estimator holds is refused with its name, when
it is written and again when it is read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import ValueType, class_name, estimator_type
from tenuto.pipelines.errors import ESTIMATOR_TYPES_REFUSED, VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.arrays import without_padding
from tenuto.pipelines.values.estimator_types import PARTS_OF_ESTIMATORS
from tenuto.pipelines.values.sinks import verified
from tenuto.pipelines.words import StoredValue

_SCHEMA = "schema.json"
_NEVER_SHARED = {"JsonNode", "TypeNode"}  # plain values and classes: it does not matter which copy they are


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    import sklearn
    import skops.io

    try:
        content = _without_chance(skops.io.dumps(value))
    except TypeError as error:  # skops says so of what it cannot write
        raise TenutoError(VALUE_NOT_POSSIBLE, f"{class_name(type(value))}: {error}") from error
    _require_listed(content)
    sink.write(content)
    return estimator_type(type(value)), {
        "class": class_name(type(value)),
        "fitted_with": f"scikit-learn {sklearn.__version__}",
    }


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:  # noqa: ARG001 (the codecs' shape)
    import skops.io

    content = verified(stored, files).read_bytes()
    _require_listed(content)
    value = skops.io.loads(content, trusted=sorted(PARTS_OF_ESTIMATORS))
    if class_name(type(value)) != stored.type.name:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"expected {stored.type}, found {class_name(type(value))}")
    return value


def _require_listed(content: bytes) -> None:
    import skops.io

    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - PARTS_OF_ESTIMATORS)
    if unknown:
        raise TenutoError(ESTIMATOR_TYPES_REFUSED, ", ".join(unknown), types=unknown)


def _without_chance(content: bytes) -> bytes:
    """Return the file without what differs between two writings of a model: times, addresses, padding."""
    source = zipfile.ZipFile(io.BytesIO(content))
    target = io.BytesIO()
    names: dict[str, str] = {}
    schema = _renamed(json.loads(source.read(_SCHEMA)), names, {})
    with zipfile.ZipFile(target, "w") as clean:
        for old, new in names.items():
            clean.writestr(zipfile.ZipInfo(new), _normal(old, source.read(old)))
        clean.writestr(zipfile.ZipInfo(_SCHEMA), json.dumps(schema))
    return target.getvalue()


def _renamed(node: Any, names: dict[str, str], numbers: dict[int, int]) -> Any:
    """Number objects and files in the order in which they appear, instead of by their place in memory."""
    if isinstance(node, list):
        return [_renamed(item, names, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    renamed: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__" and isinstance(value, int):
            if node.get("__loader__") not in _NEVER_SHARED:
                renamed[key] = numbers.setdefault(value, len(numbers) + 1)
        elif key == "file" and isinstance(value, str):
            renamed[key] = names.setdefault(value, f"{len(names) + 1}{Path(value).suffix}")
        else:
            renamed[key] = _renamed(value, names, numbers)
    return renamed


def _normal(name: str, content: bytes) -> bytes:
    import numpy as np

    if not name.endswith(".npy"):
        return content
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = io.BytesIO()
    np.lib.format.write_array(clean, without_padding(array), allow_pickle=False)
    return clean.getvalue()
