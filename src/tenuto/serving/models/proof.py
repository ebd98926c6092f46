"""A model is ready when it has answered: the stored sample is predicted and the answer looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_SAMPLE, MODEL_SIGNATURE
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.protocol.checks import check_form, check_names, check_values, count_rows
from tenuto.serving.protocol.datatypes import FLOATS, NUMPY_DTYPES, datatype_of
from tenuto.serving.words import ANY_SIZE, ModelSpec, Tensor, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array


def sample_call(spec: ModelSpec) -> InferCall:
    """The stored sample as a request for all outputs. Raises when it does not fit the signature."""
    signature = spec.signature
    check_names(signature.inputs, [tensor.name for tensor in spec.sample])
    stored = {tensor.name: tensor for tensor in spec.sample}
    inputs = {}
    for wanted in signature.inputs:
        tensor = stored[wanted.name]
        check_form(wanted, tensor.datatype.value, tensor.shape)
        inputs[wanted.name] = as_array(tensor)
        check_values(wanted, inputs[wanted.name])
    rows = count_rows(signature.inputs, {name: tensor.shape for name, tensor in stored.items()})
    return InferCall(inputs=inputs, rows=rows, outputs=tuple(output.name for output in signature.outputs))


def check_answer(spec: ModelSpec, call: InferCall, outputs: Mapping[str, Array]) -> None:
    """Compare the answer with the signature and, where they are stored, with the expected outputs."""
    for output in spec.signature.outputs:
        if output.name in call.outputs:
            _check_output(output, outputs.get(output.name), call.rows)
    for expected in spec.expected:
        _check_expected(expected, outputs, spec.tolerance)


def as_array(tensor: Tensor) -> Array:
    import numpy as np

    return np.array(tensor.data, dtype=NUMPY_DTYPES[tensor.datatype]).reshape(tensor.shape)


def as_tensor(name: str, array: Array) -> Tensor:
    """The array as it is stored beside a model. Raises when its dtype has no name in the protocol."""
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    if datatype is None:
        raise TenutoError(MODEL_SIGNATURE, f"{name!r}: numpy dtype {array.dtype} has no datatype")
    return Tensor(name, datatype, array.shape, tuple(array.ravel().tolist()))


def _check_output(output: TensorSpec, array: Array | None, rows: int) -> None:
    if array is None:
        raise TenutoError(MODEL_SIGNATURE, f"output {output.name!r} is missing")
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    expected = tuple(
        rows if place == 0 and size == ANY_SIZE else size for place, size in enumerate(output.shape)
    )
    shaped = len(array.shape) == len(expected) and all(
        size in {found, ANY_SIZE} for size, found in zip(expected, array.shape, strict=True)
    )
    if datatype is not output.datatype or not shaped:
        raise TenutoError(
            MODEL_SIGNATURE,
            f"output {output.name!r} is {array.dtype} {list(array.shape)}, "
            f"expected {output.datatype.value} {list(expected)}",
        )


def _check_expected(expected: Tensor, outputs: Mapping[str, Array], tolerance: float) -> None:
    import numpy as np

    found = outputs.get(expected.name)
    wanted = as_array(expected)
    if found is None or found.shape != wanted.shape:
        raise TenutoError(MODEL_SAMPLE, f"output {expected.name!r} is not there in the expected shape")
    if expected.datatype in FLOATS:
        scale = np.maximum(1.0, np.abs(wanted))
        agree = (np.abs(found - wanted) <= tolerance * scale) | (np.isnan(found) & np.isnan(wanted))
    else:
        agree = found == wanted
    if not np.all(agree):
        place = [int(index) for index in np.argwhere(~np.atleast_1d(agree))[0]]
        raise TenutoError(MODEL_SAMPLE, f"output {expected.name!r} differs at {place}")
