"""The words of data on its way in."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec


class ColumnType(Enum):
    INTEGER = "integer"  # 64 bits
    NUMBER = "number"  # double precision
    TEXT = "text"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"  # UTC, microseconds


class SourceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data comes from: a CSV file or a folder of them, below an allowed folder.

    ``columns`` declares types; a column that is not named is inferred from all of its values. With
    ``strict``, a column that is not declared refuses the whole read.
    """

    path: str
    columns: dict[str, ColumnType] = {}
    strict: bool = False
    description: str = ""
    sensitivity: str = "internal"


class FileRead(msgspec.Struct, frozen=True):
    """One file of a source, as it was read."""

    name: str
    digest: str
    size: int
    rows: int


class TableRead(msgspec.Struct, frozen=True):
    """A whole source, as it was read: an Arrow table and where its rows came from."""

    table: Any  # pyarrow.Table
    files: list[FileRead]
