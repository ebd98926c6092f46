"""What is installed, as a list that can be stored and a digest that can be compared."""

from __future__ import annotations

import platform
import re
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of


class EnvironmentLock(msgspec.Struct, frozen=True):
    """The interpreter and every installed distribution, as ``name==version``, sorted."""

    python: str
    distributions: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digest_of(canonical_json({"python": self.python, "distributions": self.distributions}))


class InstalledEnvironment:
    """The environment of this interpreter. What is installed is read again only when a folder of the import
    path has changed, so that asking costs next to nothing.
    """

    def __init__(self, path: Sequence[str] | None = None) -> None:
        self._path = list(sys.path if path is None else path)
        self._guard = threading.Lock()
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._lock = EnvironmentLock("", ())

    def lock(self) -> EnvironmentLock:
        with self._guard:
            seen = self._signature()
            if seen != self._seen:
                self._lock, self._seen = _read(self._path), seen
            return self._lock

    def digest(self) -> str:
        return self.lock().digest

    def _signature(self) -> tuple[tuple[str, int], ...]:
        folders = (Path(entry) for entry in self._path)
        return tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders if folder.is_dir())


def _read(path: list[str]) -> EnvironmentLock:
    found: dict[str, str] = {}
    for distribution in distributions(path=path):
        metadata = distribution.metadata
        if (
            "Name" in metadata
        ):  # what an interrupted installation left behind has none, and cannot be imported
            found.setdefault(re.sub(r"[-_.]+", "-", metadata["Name"]).lower(), distribution.version)
    listed = tuple(f"{name}=={found[name]}" for name in sorted(found))
    return EnvironmentLock(f"{platform.python_implementation()} {platform.python_version()}", listed)
