"""What walking one file has brought to light so far."""

from __future__ import annotations

from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.words import Limits, ScanFinding

_MOST_FINDINGS = 100


class ScanReport:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.findings: list[ScanFinding] = []
        self.names: set[tuple[str, str]] = set()
        self.pickles: list[bytes] = []  # each pickle met, long payloads left out, for the second scanner
        self.holds_arrays = False  # arrays stand between the opcodes, as joblib writes them
        self._opcodes = 0

    def find(self, rule: str, where: str, what: str) -> None:
        """Note a reason to refuse and go on looking for more."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(ScanFinding(rule, where, what))

    def count_opcode(self, reader: ByteReader) -> None:
        self._opcodes += 1
        if self._opcodes > self.limits.opcodes:
            raise RefusedError(
                "file.too_large", reader.where(), f"more than {self.limits.opcodes} pickle opcodes"
            )
