"""Files that a step made or was given. Their name travels along, their place does not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import FilePath, Kind, ValueType
from tenuto.pipelines.errors import VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.sinks import copied
from tenuto.pipelines.words import StoredValue


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    if not value.is_file():
        raise TenutoError(VALUE_NOT_POSSIBLE, f"there is no file {value}")
    with value.open("rb") as content:
        shutil.copyfileobj(content, sink)
    return ValueType(Kind.FILE), {"name": value.name}


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> FilePath:
    return FilePath(copied(stored, files, own_folder(scratch) / safe_name(stored)))


def own_folder(scratch: Path) -> Path:
    """Make a folder of its own for one value, since two may have the same name."""
    return Path(tempfile.mkdtemp(prefix="input-", dir=scratch))


def safe_name(stored: StoredValue) -> str:
    """Return the last part of the name that came with the value, or a plain one: it is a stranger's."""
    name = Path(str(stored.metadata.get("name", ""))).name
    return name if name not in {"", ".", ".."} and "\0" not in name else "content"
