"""The file to serve an estimator from: ONNX where it is proven true, the estimator itself otherwise."""

from __future__ import annotations

from typing import Any

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.onnx import attempts
from tenuto.serving.conversion.parity import DEFAULT_TOLERANCE, check_parity
from tenuto.serving.errors import CONVERSION_IMPOSSIBLE
from tenuto.serving.libraries import require
from tenuto.serving.words import Conversion, ModelFormat, Signature


def convert(
    estimator: Any, rows: Any, signature: Signature, tolerance: float = DEFAULT_TOLERANCE
) -> Conversion:
    """Convert, and check on all of ``rows``. Give as many as you have: parity is shown on these and no other.

    Raises ``CONVERSION_IMPOSSIBLE`` when skops cannot save the estimator either.
    """
    refused: list[str] = []
    for attempt in attempts(estimator, rows, signature):
        if not attempt.content:
            refused.append(f"ONNX {attempt.way}: {attempt.obstacle}")
            continue
        report = check_parity(attempt.content, estimator, rows, signature, tolerance)
        if report.passed:
            digest = digest_of(attempt.content)
            return Conversion(ModelFormat.ONNX, attempt.content, digest, attempt.way, report, tuple(refused))
        refused.append(f"ONNX {attempt.way}: {report.reason}")
    content, types = to_skops(estimator)
    return Conversion(
        ModelFormat.SKOPS, content, digest_of(content), refused=tuple(refused), trusted_types=types
    )


def to_skops(estimator: Any) -> tuple[bytes, tuple[str, ...]]:
    """Return the file, and the exact types in it that skops does not trust by itself: review them."""
    require("skops.io")
    from skops import io as skops_io

    try:
        content = skops_io.dumps(estimator)
        types = skops_io.get_untrusted_types(data=content)
    except Exception as error:
        raise TenutoError(CONVERSION_IMPOSSIBLE, f"skops: {type(error).__name__}: {error}"[:300]) from error
    return content, tuple(types)
