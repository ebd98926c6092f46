"""A file's pipelines, imported under the names by which a worker will import the same files."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenuto.client.authoring.errors import FILE_NOT_LOADED
from tenuto.client.authoring.pipelines import Pipeline
from tenuto.core.errors import TenutoError
from tenuto.core.project import import_roots, module_name


def load_pipelines(file: Path, project: Path) -> dict[str, Pipeline[..., object]]:
    """Import ``file`` from the folder ``project`` and return the pipelines that it defines, by name.

    Other files of the project are imported as they are needed. Raises when the file cannot be imported.
    """
    module = module_name(project, file)
    if module is None:
        detail = f"{file.name}: its path inside {project.name} is no module name"
        raise TenutoError(FILE_NOT_LOADED, detail)
    with _on_path(import_roots(project)):
        try:
            loaded = importlib.import_module(module)
        except TenutoError:
            raise
        except Exception as error:
            detail = f"{file.name}: {type(error).__name__}: {error}{_place(error, project)}"
            raise TenutoError(FILE_NOT_LOADED, detail) from error
    found = [value for value in vars(loaded).values() if isinstance(value, Pipeline)]
    return {one.name: one for one in found if one.function.__module__ == module}


def _place(error: Exception, project: Path) -> str:
    """Return the last line of the project's own files that ran; a syntax error names its line itself."""
    root = project.resolve()
    frames = [(Path(one.filename), one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    own = [(path.relative_to(root), line) for path, line in frames if path.is_relative_to(root)]
    return f" ({own[-1][0]}, line {own[-1][1]})" if own else ""


@contextmanager
def _on_path(roots: list[Path]) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = [str(root) for root in roots]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
