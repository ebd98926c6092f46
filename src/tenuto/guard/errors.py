"""Faults of the room. What a check finds in a file is a finding in a verdict; who asked makes a fault of it."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SCANNER_MISSING = Fault(
    "guard.scanner_missing",
    FaultKind.UNAVAILABLE,
    "the scanner for model files is not installed",
    "Install the extra: pip install 'tenuto[ml]'.",
)
FILE_UNREADABLE = Fault(
    "guard.file_unreadable",
    FaultKind.INVALID,
    "the file to scan cannot be read",
    "Name a regular file (no link, device or folder) that this process may read.",
)
FORMAT_UNKNOWN = Fault(
    "guard.format_unknown",
    FaultKind.INVALID,
    "no such format of model files is accepted",
    "Declare one of the formats listed in the detail.",
)
MODEL_REFUSED = Fault(
    "guard.model_refused",
    FaultKind.FORBIDDEN,
    "the model file is refused, and was not opened",
    "Save the model as ONNX or skops, as the step that packages models does, or without what the detail names.",
)
SCAN_FAILED = Fault(
    "guard.scan_failed",
    FaultKind.UNAVAILABLE,
    "the model file could not be scanned",
    "See the detail; a file that cannot be scanned is not registered, so make it smaller or plainer.",
)
