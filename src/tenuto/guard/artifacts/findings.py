"""How a scan ends early: what is not understood is refused, at once and with its place."""

from __future__ import annotations

from tenuto.guard.artifacts.words import ScanFinding


class RefusedError(Exception):
    """Raised inside a scan where nothing after this point could be trusted. Never leaves the package."""

    def __init__(self, rule: str, where: str, what: str) -> None:
        super().__init__(what)
        self.finding = ScanFinding(rule, where, what)
