"""ONNX models, whole in one file. The model is checked by ONNX itself, both ways."""

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


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    import onnx

    outside = [
        tensor.name
        for tensor in value.graph.initializer
        if onnx.external_data_helper.uses_external_data(tensor)
    ]
    if outside:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"the model keeps {outside[0]!r} in a file of its own")
    _check(value)
    sink.write(value.SerializeToString(deterministic=True))
    return ValueType(Kind.ONNX), {
        "ir_version": value.ir_version,
        "opsets": {one.domain or "ai.onnx": one.version for one in value.opset_import},
        "inputs": [one.name for one in value.graph.input],
        "outputs": [one.name for one in value.graph.output],
    }


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:  # noqa: ARG001 (the codecs' shape)
    import onnx

    model = onnx.load_model_from_string(verified(stored, files).read_bytes())
    _check(model)
    return model


def _check(model: Any) -> None:
    import onnx

    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"the ONNX model: {error}") from error
