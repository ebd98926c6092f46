"""The codecs by encoding. Each library is imported by its own codec, when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Protocol, cast

from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.words import Encoding, StoredValue


class Codec(Protocol):
    """Writes values of one kind and reads them back. A codec is a module with these two functions."""

    def write(self, value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
        """Write ``value`` and return its exact type and what people may want to know of it."""
        ...

    def read(self, stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:
        """Return the value. Its digest is checked before anything in the content is trusted."""
        ...


ENCODINGS: dict[Kind, Encoding] = {
    Kind.ARRAY: Encoding.NPY,
    Kind.TABLE: Encoding.ARROW,
    Kind.FRAME: Encoding.FRAME,
    Kind.FILE: Encoding.FILE,
    Kind.FOLDER: Encoding.FOLDER,
    Kind.ONNX: Encoding.ONNX,
    Kind.ESTIMATOR: Encoding.SKOPS,
}

_MODULES = {
    Encoding.NPY: "arrays",
    Encoding.ARROW: "tables",
    Encoding.FRAME: "frames",
    Encoding.FILE: "files",
    Encoding.FOLDER: "folders",
    Encoding.ONNX: "onnx_models",
    Encoding.SKOPS: "estimators",
}


def codec_of(encoding: Encoding) -> Codec:
    return cast("Codec", importlib.import_module(f"{__package__}.{_MODULES[encoding]}"))
