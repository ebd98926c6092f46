"""scikit-learn to ONNX. Several ways lead there; which one is true to the original, the parity check says."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.graph import with_door
from tenuto.serving.conversion.samples import head, tensors_of
from tenuto.serving.errors import CONVERSION_IMPOSSIBLE
from tenuto.serving.libraries import require
from tenuto.serving.models.onnx import open_session
from tenuto.serving.words import Datatype, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenuto.serving.protocol.arrays import Array

# Old enough for every runtime still in use, new enough for every converter.
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_ROWS = 5
_INTEGERS = frozenset(Datatype) - {Datatype.BOOL, Datatype.BYTES, Datatype.FP16, Datatype.FP32, Datatype.FP64}
_EXACT = "in the input's own precision"
_SINGLE = "in single precision"


class Attempt(msgspec.Struct, frozen=True):
    """One way to convert: the ONNX file, or why there is none."""

    way: str
    content: bytes = b""
    obstacle: str = ""


def to_onnx(estimator: Any, sample: Any, signature: Signature) -> bytes:
    """Return the first conversion that runs on the sample; whether it is true is for the parity check.

    Raises ``CONVERSION_IMPOSSIBLE`` with the obstacle met on each way.
    """
    obstacles = []
    for attempt in attempts(estimator, sample, signature):
        if attempt.content:
            return attempt.content
        obstacles.append(f"{attempt.way}: {attempt.obstacle}")
    raise TenutoError(CONVERSION_IMPOSSIBLE, "; ".join(obstacles))


def attempts(estimator: Any, sample: Any, signature: Signature) -> Iterator[Attempt]:
    """Try each way in turn, the most exact first."""
    require("numpy", "onnx", "onnxruntime", "skl2onnx")
    if any(spec.missing and spec.datatype is Datatype.BYTES for spec in signature.inputs):
        yield Attempt("as ONNX", obstacle="ONNX has no missing text")
        return
    rows = tensors_of(head(sample, _ROWS), signature)
    for precision in _precisions(signature):
        try:
            yield Attempt(precision, _convert(estimator, signature, rows, precision))
        except TenutoError as error:
            yield Attempt(precision, obstacle=error.detail)


def _precisions(signature: Signature) -> tuple[str, ...]:
    varied = _INTEGERS | {Datatype.FP64}
    return (_EXACT, _SINGLE) if any(spec.datatype in varied for spec in signature.inputs) else (_EXACT,)


def _convert(estimator: Any, signature: Signature, rows: Mapping[str, Array], precision: str) -> bytes:
    obstacles: list[TenutoError] = []
    for options in _options(estimator, signature):
        try:
            model = _inner_model(estimator, signature, precision, options)
            observed = _run_inner(model, rows)
            return with_door(model, signature, observed, len(next(iter(rows.values()))))
        except TenutoError as error:
            obstacles.append(error)
    raise obstacles[0]  # the options most wanted tell most about what is in the way


def _options(estimator: Any, signature: Signature) -> list[dict[int, dict[str, bool]]]:
    """Converters refuse options they do not know, so that the fitting set is found by trying.

    A ZipMap would wrap the probabilities in one dictionary per row. Scores are wanted as they are, not
    squeezed into probabilities that the estimator itself does not give.
    """
    if not signature.classes:
        return [{}]
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    plain = {"zipmap": False}
    if all(output.name != "scores" for output in signature.outputs):
        return [{id(estimator): plain}, {}]
    scores = {"raw_scores": True}
    return [{id(last): plain | scores}, {id(last): scores}, {id(estimator): plain | scores}]


def _inner_model(
    estimator: Any, signature: Signature, precision: str, options: dict[int, dict[str, bool]]
) -> Any:
    from skl2onnx import convert_sklearn

    types = [(spec.name, _type(spec, precision)) for spec in signature.inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parity check judges the result, not the converter's doubts
        try:
            return convert_sklearn(
                estimator,
                name="tenuto",
                initial_types=types,
                target_opset=_OPSETS,
                options={key: dict(value) for key, value in options.items()} or None,
            )
        except Exception as error:
            raise TenutoError(CONVERSION_IMPOSSIBLE, f"{type(error).__name__}: {error}"[:300]) from error


def _type(spec: TensorSpec, precision: str) -> Any:
    from skl2onnx.common import data_types

    shape = [None, 1 if len(spec.shape) == 1 else spec.shape[1]]
    if spec.datatype is Datatype.BYTES:
        return data_types.StringTensorType(shape)
    if spec.datatype is Datatype.BOOL:
        return data_types.BooleanTensorType(shape)
    if precision == _SINGLE or spec.datatype is Datatype.FP32:
        return data_types.FloatTensorType(shape)
    if spec.datatype is Datatype.FP64:
        return data_types.DoubleTensorType(shape)
    return data_types.Int64TensorType(shape)


def _run_inner(model: Any, rows: Mapping[str, Array]) -> list[Array]:
    """Run the bare conversion once, to see what it really gives."""
    session = open_session(model.SerializeToString())
    names = {
        "tensor(float)": "<f4",
        "tensor(double)": "<f8",
        "tensor(int64)": "<i8",
        "tensor(bool)": "|b1",
        "tensor(string)": "|O",
    }
    feeds = {
        entry.name: rows[entry.name].reshape(len(rows[entry.name]), -1).astype(names[entry.type])
        for entry in session.get_inputs()
    }
    try:
        found: list[Array] = session.run(None, feeds)
    except Exception as error:
        raise TenutoError(CONVERSION_IMPOSSIBLE, str(error)[:300]) from error
    return found
