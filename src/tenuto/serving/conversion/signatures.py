"""The signature of an estimator, taken from rows it was made for and from what it answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.samples import head, inputs_of, tensors_of
from tenuto.serving.errors import CONVERSION_SIGNATURE
from tenuto.serving.models.estimators import answer, features_of, output_names
from tenuto.serving.models.proof import as_tensor
from tenuto.serving.protocol.datatypes import datatype_of
from tenuto.serving.words import ANY_SIZE, Signature, Tensor, TensorSpec

if TYPE_CHECKING:
    from tenuto.serving.protocol.arrays import Array

_ROWS_LOOKED_AT = 50


class ModelDescription(msgspec.Struct, frozen=True):
    """All of a ``ModelSpec`` that comes from the estimator itself."""

    signature: Signature
    sample: tuple[Tensor, ...]
    expected: tuple[Tensor, ...]


def describe_model(
    estimator: Any, sample: Any, *, columns: bool | None = None, stored_rows: int = 2
) -> ModelDescription:
    """Infer the signature; keep the first rows, and what the estimator answers to them, as the stored sample.

    The stored rows lie beside the model and are read by whoever runs it: where rows are personal, give rows
    that are not. Raises ``CONVERSION_SIGNATURE``.
    """
    signature = infer_signature(estimator, sample, columns=columns)
    inputs = tensors_of(head(sample, stored_rows), signature)
    outputs = predict_tensors(estimator, signature, inputs)
    return ModelDescription(
        signature,
        tuple(as_tensor(name, array) for name, array in inputs.items()),
        tuple(as_tensor(name, array) for name, array in outputs.items()),
    )


def infer_signature(estimator: Any, sample: Any, *, columns: bool | None = None) -> Signature:
    """Look at the whole sample for missing values, and at some answers for the outputs."""
    inputs, features = inputs_of(sample, columns=columns)
    inner = Signature(inputs, (), features)
    tensors = tensors_of(head(sample, _ROWS_LOOKED_AT), inner)
    found = answer(estimator, features_of(estimator, inner, tensors), output_names(estimator))
    outputs = tuple(_output(name, array) for name, array in found.items())
    return Signature(inputs, outputs, features, _classes(estimator))


def predict_tensors(estimator: Any, signature: Signature, inputs: dict[str, Array]) -> dict[str, Array]:
    """What the estimator itself answers, in the form of the signature's outputs."""
    wanted = tuple(output.name for output in signature.outputs)
    return answer(estimator, features_of(estimator, signature, inputs), wanted)


def _output(name: str, array: Array) -> TensorSpec:
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    if datatype is None:
        raise TenutoError(CONVERSION_SIGNATURE, f"output {name!r} has the numpy dtype {array.dtype}")
    return TensorSpec(name, datatype, (ANY_SIZE, *array.shape[1:]))


def _classes(estimator: Any) -> tuple[str, ...]:
    classes = getattr(estimator, "classes_", None)
    if classes is None or isinstance(classes, list):
        return ()
    return tuple(str(label) for label in classes)
