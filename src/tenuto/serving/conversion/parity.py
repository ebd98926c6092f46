"""Whether two models answer alike, on the same rows. No label may change; numbers may differ a little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.samples import tensors_of
from tenuto.serving.conversion.signatures import predict_tensors
from tenuto.serving.errors import CONVERSION_PARITY
from tenuto.serving.models.onnx import open_session
from tenuto.serving.protocol.datatypes import FLOATS
from tenuto.serving.words import OutputParity, ParityReport, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array

DEFAULT_TOLERANCE = 1e-5


def check_parity(
    content: bytes, estimator: Any, rows: Any, signature: Signature, tolerance: float = DEFAULT_TOLERANCE
) -> ParityReport:
    """Compare an ONNX file with the estimator it was made from, on rows of the caller's choice."""
    inputs = tensors_of(rows, signature)
    original = predict_tensors(estimator, signature, inputs)
    try:
        converted = _run(content, signature, inputs)
    except TenutoError as error:
        return ParityReport(_count(inputs), tolerance, (), error.detail)
    return compare(original, converted, signature, _count(inputs), tolerance)


def require_parity(report: ParityReport) -> None:
    """Raise ``CONVERSION_PARITY`` with the figures unless the report passed."""
    if not report.passed:
        raise TenutoError(CONVERSION_PARITY, report.reason)


def compare(
    original: Mapping[str, Array],
    converted: Mapping[str, Array],
    signature: Signature,
    rows: int,
    tolerance: float,
) -> ParityReport:
    outputs = []
    reasons = []
    for spec in signature.outputs:
        if spec.datatype in FLOATS:
            parity = _numbers(spec.name, original[spec.name], converted[spec.name], tolerance)
        else:
            parity = _labels(spec.name, original[spec.name], converted[spec.name])
        outputs.append(parity)
        if parity.changed:
            reasons.append(
                f"{spec.name}: {parity.changed} of {rows} rows differ, "
                f"by up to {parity.max_difference:.3g} (allowed {tolerance:g})"
            )
    return ParityReport(rows, tolerance, tuple(outputs), "; ".join(reasons))


def _numbers(name: str, original: Array, converted: Array, tolerance: float) -> OutputParity:
    import numpy as np

    with np.errstate(invalid="ignore"):  # infinite on both sides is equal below, not a number
        difference = np.abs(converted - original) / np.maximum(1.0, np.abs(original))
    same = (converted == original) | (np.isnan(converted) & np.isnan(original))
    difference = np.where(same, 0.0, np.where(np.isfinite(difference), difference, np.inf))
    changed = (difference > tolerance).reshape(len(original), -1).any(axis=1)
    return OutputParity(name, int(changed.sum()), float(difference.max(initial=0.0)))


def _labels(name: str, original: Array, converted: Array) -> OutputParity:
    changed = int((original != converted).reshape(len(original), -1).any(axis=1).sum())
    return OutputParity(name, changed, 1.0 if changed else 0.0)


def _run(content: bytes, signature: Signature, inputs: Mapping[str, Array]) -> dict[str, Array]:
    wanted = [output.name for output in signature.outputs]
    session = open_session(content)
    try:
        return dict(zip(wanted, session.run(wanted, dict(inputs)), strict=True))
    except Exception as error:
        raise TenutoError(CONVERSION_PARITY, f"it does not run: {error}"[:300]) from error


def _count(inputs: Mapping[str, Array]) -> int:
    return len(next(iter(inputs.values())))
