"""How the files of a project's folder are named when they are imported: at home and on a worker alike."""

from __future__ import annotations

from pathlib import Path, PurePath

SOURCE_FOLDERS = ("src", ".")


def import_roots(project: Path) -> list[Path]:
    """Return the folders that stand on the import path, first one first. They need not exist."""
    return [project / folder for folder in SOURCE_FOLDERS]


def module_name(project: PurePath, file: PurePath) -> str | None:
    """Return the name by which ``file`` is imported, or None if it has none: ``src/a/b.py`` is ``a.b``."""
    for folder in SOURCE_FOLDERS:
        root = project / folder
        if file.suffix == ".py" and file.is_relative_to(root):
            parts = file.relative_to(root).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None
    return None
