"""The outer layer of a converted model: whatever the converter made, the graph's door is the signature.

So a client cannot tell, and need not care, whether a version is served as ONNX or natively.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import CONVERSION_IMPOSSIBLE
from tenuto.serving.protocol.datatypes import NUMPY_DTYPES
from tenuto.serving.words import ANY_SIZE, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenuto.serving.protocol.arrays import Array

_INNER = "inner_"


def with_door(model: Any, signature: Signature, observed: Sequence[Array], rows: int) -> bytes:
    """Give the model the signature's inputs and outputs, cast and reshaped where the converter's differ.

    ``observed`` are the model's own outputs for ``rows`` rows: their declared shapes are not always true.
    """
    from onnx import compose

    inner = compose.add_prefix(model, _INNER)
    graph = inner.graph
    before = [node for spec in signature.inputs for node in _input_nodes(graph, spec)]
    after = []
    for spec, entry, array in zip(signature.outputs, graph.output, observed, strict=False):
        after += _output_nodes(graph, spec, entry.name, _shaping(spec, array, rows))
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    _replace(graph.input, signature.inputs)
    _replace(graph.output, signature.outputs)
    content: bytes = inner.SerializeToString(deterministic=True)
    return content


def _replace(entries: Any, specs: Sequence[TensorSpec]) -> None:
    from onnx import helper

    del entries[:]
    entries.extend(
        helper.make_tensor_value_info(
            spec.name, _element(spec), [None if size == ANY_SIZE else size for size in spec.shape]
        )
        for spec in specs
    )


def _input_nodes(graph: Any, spec: TensorSpec) -> list[Any]:
    from onnx import helper

    inner = next(entry for entry in graph.input if entry.name == _INNER + spec.name)
    wanted = inner.type.tensor_type
    nodes = [helper.make_node("Cast", [spec.name], [f"{spec.name}_cast"], to=wanted.elem_type)]
    shape = f"{spec.name}_shape"
    columns = 1 if len(spec.shape) == 1 else spec.shape[1]
    rank = len(wanted.shape.dim)
    graph.initializer.append(_integers(shape, [-1] if rank == 1 else [-1, columns]))
    nodes.append(helper.make_node("Reshape", [f"{spec.name}_cast", shape], [inner.name]))
    return nodes


def _shaping(spec: TensorSpec, array: Any, rows: int) -> str:
    """How the converter's output becomes the signature's: ``reshape``, or ``last`` of two columns first."""
    if not hasattr(array, "dtype") or array.size % rows:
        raise TenutoError(CONVERSION_IMPOSSIBLE, f"output {spec.name!r} is no tensor with one row per sample")
    wanted = math.prod(spec.shape[1:])
    width = array.size // rows
    if width == wanted:
        return "reshape"
    if wanted == 1 and array.shape == (rows, 2):
        return "last"  # a converter that gives the scores of both classes where scikit-learn gives one
    raise TenutoError(CONVERSION_IMPOSSIBLE, f"output {spec.name!r} has {width} columns, expected {wanted}")


def _output_nodes(graph: Any, spec: TensorSpec, source: str, shaping: str) -> list[Any]:
    from onnx import helper

    nodes = []
    if shaping == "last":
        graph.initializer.append(_integers(f"{spec.name}_last", [1]))
        nodes.append(
            helper.make_node("Gather", [source, f"{spec.name}_last"], [f"{spec.name}_column"], axis=1)
        )
        source = f"{spec.name}_column"
    graph.initializer.append(_integers(f"{spec.name}_form", [ANY_SIZE, *spec.shape[1:]]))
    nodes.append(helper.make_node("Reshape", [source, f"{spec.name}_form"], [f"{spec.name}_formed"]))
    nodes.append(helper.make_node("Cast", [f"{spec.name}_formed"], [spec.name], to=_element(spec)))
    return nodes


def _integers(name: str, values: list[int]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def _element(spec: TensorSpec) -> int:
    import numpy as np
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(NUMPY_DTYPES[spec.datatype])))
