"""Make of a trained estimator what the prediction server serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.value_types import FilePath
from tenuto.serving.conversion.package import package_estimator
from tenuto.serving.conversion.parity import DEFAULT_TOLERANCE
from tenuto.serving.declared.words import Packaging

_SUFFIX = {"onnx": "onnx", "sklearn-skops": "skops"}


@dataclass(frozen=True)
class Packaged:
    """``packaging`` is what serving reads beside the file, ``parity`` the evidence that both answer alike."""

    file: FilePath
    packaging: dict[str, Any]
    parity: dict[str, Any]


def package_model(model: Any, rows: Any, tolerance: float = DEFAULT_TOLERANCE) -> Packaged:
    """Convert to ONNX where it gives the same answers on ``rows``; keep the native format otherwise."""
    made = package_estimator(model, rows, tolerance=tolerance)
    conversion = made.conversion
    packaging = Packaging(
        signature=made.signature,
        sample=made.sample,
        expected=made.expected,
        tolerance=tolerance,
        trusted_types=conversion.trusted_types,
    )
    path = Path(f"model.{_SUFFIX[conversion.format.value]}")
    path.write_bytes(conversion.content)
    parity = {
        "format": conversion.format.value,
        "way": conversion.way,
        "report": _plain(conversion.parity) if conversion.parity else None,
        "refused": list(conversion.refused),
    }
    return Packaged(FilePath(path), _plain(packaging) | {"format": conversion.format.value}, parity)


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return built
