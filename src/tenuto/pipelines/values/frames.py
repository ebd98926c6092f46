"""pandas data frames, by way of Arrow: index, column types and order come back as they were."""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.errors import VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.tables import described, read_table, write_table
from tenuto.pipelines.words import StoredValue


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(value)
    except (pa.ArrowException, ValueError, TypeError) as error:  # mixed objects, doubled column names
        raise TenutoError(VALUE_NOT_POSSIBLE, f"the data frame: {error}") from error
    write_table(table, sink)
    return ValueType(Kind.FRAME), described(table)


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:  # noqa: ARG001 (the codecs' shape)
    return read_table(stored, files).to_pandas()
