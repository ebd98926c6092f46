"""The second opinion: picklescan's list of names that are known to be abused."""

from __future__ import annotations

import importlib
import io
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.errors import SCANNER_MISSING


def load_scanner() -> Any:
    """Return picklescan. Raises ``SCANNER_MISSING`` where the extra that brings it is not installed."""
    try:
        return importlib.import_module("picklescan.scanner")
    except ModuleNotFoundError as error:
        raise TenutoError(SCANNER_MISSING, "picklescan cannot be imported") from error


def deny_scan(scanner: Any, report: ScanReport, place: str) -> None:
    """Add a finding for each name in the report's pickles that picklescan calls dangerous."""
    for pickle in report.pickles:
        try:
            result = scanner.scan_pickle_bytes(io.BytesIO(pickle), place)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:  # its parser gave up
            raise RefusedError("denylist.unreadable", place, f"picklescan: {error}"[:200]) from error
        dangerous = [one for one in result.globals if one.safety is scanner.SafetyLevel.Dangerous]
        for one in sorted(dangerous, key=lambda one: (one.module, one.name)):
            report.find("denylist.name", place, f"{one.module}:{one.name} is known to be abused")
        if result.scan_err or (result.issues_count and not dangerous):
            raise RefusedError("denylist.unreadable", place, "picklescan could not read the whole pickle")
