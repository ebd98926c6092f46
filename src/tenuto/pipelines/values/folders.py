"""Folders that a step made or was given, as archives."""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import FolderPath, Kind, ValueType
from tenuto.pipelines.archive import Bounds, entries_of, pack, unpack
from tenuto.pipelines.errors import VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.files import own_folder, safe_name
from tenuto.pipelines.values.sinks import verified
from tenuto.pipelines.words import StoredValue

BOUNDS = Bounds(entries=1_000_000, size=2**40)


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    if not value.is_dir():
        raise TenutoError(VALUE_NOT_POSSIBLE, f"there is no folder {value}")
    entries = entries_of(Path(value), BOUNDS)
    pack(entries, sink)
    files = sum(not entry.is_folder for entry in entries)
    return ValueType(Kind.FOLDER), {"name": value.resolve().name, "files": files}


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> FolderPath:
    return FolderPath(unpack(verified(stored, files), own_folder(scratch) / safe_name(stored), BOUNDS))
