"""What faults are called in languages other than English, in which they are declared."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from tenuto.core.errors import Fault
from tenuto.web.words import Language

FOLDER = Path(__file__).parent.parent / "messages"
FILE = "faults.json"


class FaultText(msgspec.Struct, frozen=True):
    summary: str
    fix: str


def fault_text(fault: Fault, language: Language, folder: Path = FOLDER) -> FaultText | None:
    """Return what a fault is called in a language, or None: then its English is shown, marked so."""
    return _texts(folder / language.value / FILE).get(fault.code)


@lru_cache(maxsize=8)  # files that are shipped with the code, and those of tests
def _texts(file: Path) -> dict[str, FaultText]:
    return msgspec.json.decode(file.read_bytes(), type=dict[str, FaultText]) if file.exists() else {}
