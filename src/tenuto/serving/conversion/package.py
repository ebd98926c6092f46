"""All at once: what a pipeline registers of a trained estimator so that it can be served."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.serving.conversion.convert import convert
from tenuto.serving.conversion.parity import DEFAULT_TOLERANCE
from tenuto.serving.conversion.signatures import describe_model
from tenuto.serving.words import Conversion, Signature, Tensor


class PackagedModel(msgspec.Struct, frozen=True):
    """The file with its parity as evidence, and what lies beside it: the fields of a ``ModelSpec``."""

    conversion: Conversion
    signature: Signature
    sample: tuple[Tensor, ...]
    expected: tuple[Tensor, ...]


def package_estimator(
    estimator: Any,
    rows: Any,
    *,
    columns: bool | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    stored_rows: int = 2,
) -> PackagedModel:
    """Describe and convert a trained estimator. ``rows`` are what it is compared on: the more, the better.

    The first ``stored_rows`` of them stay beside the model. Raises ``CONVERSION_*``.
    """
    described = describe_model(estimator, rows, columns=columns, stored_rows=stored_rows)
    made = convert(estimator, rows, described.signature, tolerance)
    return PackagedModel(made, described.signature, described.sample, described.expected)
