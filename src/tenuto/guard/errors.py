"""Faults of the room. What a check finds in a file is no fault: it is a finding in a verdict."""

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
