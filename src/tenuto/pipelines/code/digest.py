"""The digest of a step's code: of the files it reaches by import, and of the data files it declares."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of, digest_of_file
from tenuto.core.errors import TenutoError
from tenuto.pipelines.code.folder import project_entries
from tenuto.pipelines.code.imports import Imported, Sources, imports_of, reachable
from tenuto.pipelines.errors import CODE_NOT_FOUND


class ProjectCode:
    """The code of one unpacked project. Its files are read once, however many steps ask."""

    def __init__(self, root: Path) -> None:
        self._places = {entry.name: entry.place for entry in project_entries(root) if not entry.is_folder}
        self._sources = Sources(self._places)
        self._imported: dict[str, Imported] = {}
        self._digests: dict[str, str] = {}

    def files_of(self, step: str, data_files: Sequence[str] = ()) -> dict[str, str]:
        """Return the digests of the files that make up the step ``module:function``, by name, sorted."""
        names = reachable(self._sources, step.partition(":")[0], self._imports)
        for pattern in data_files:
            names |= self._matching(pattern)
        return {name: self._digest(name) for name in sorted(names)}

    def digest_of(self, step: str, data_files: Sequence[str] = ()) -> str:
        return digest_of(canonical_json(self.files_of(step, data_files)))

    def _imports(self, name: str) -> Imported:
        if name not in self._imported:
            content = Path(self._places[name]).read_bytes() if name.endswith(".py") else b""
            self._imported[name] = imports_of(content, name)
        return self._imported[name]

    def _matching(self, pattern: str) -> set[str]:
        found = {name for name in self._places if fnmatch.fnmatchcase(name, pattern)}
        if not found:
            raise TenutoError(CODE_NOT_FOUND, f"no file matches `{pattern}`", pattern=pattern)
        return found

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = digest_of_file(Path(self._places[name]))
        return self._digests[name]
