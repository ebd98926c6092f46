"""Arrow tables as Arrow IPC files."""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.values.sinks import verified
from tenuto.pipelines.words import StoredValue

_MOST_COLUMNS_TOLD = 200


def write(value: Any, sink: BufferedIOBase) -> tuple[ValueType, dict[str, Any]]:
    write_table(value, sink)
    return ValueType(Kind.TABLE), described(value)


def read(stored: StoredValue, files: Mapping[str, str], scratch: Path) -> Any:  # noqa: ARG001 (the codecs' shape)
    return read_table(stored, files)


def write_table(table: Any, sink: BufferedIOBase) -> None:
    import pyarrow as pa

    with pa.ipc.new_file(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(table)


def read_table(stored: StoredValue, files: Mapping[str, str]) -> Any:
    import pyarrow as pa

    with pa.OSFile(str(verified(stored, files))) as content, pa.ipc.open_file(content) as reader:
        table = reader.read_all()
    table.validate()
    return table


def described(table: Any) -> dict[str, Any]:
    fields = list(table.schema)[:_MOST_COLUMNS_TOLD]
    return {"rows": table.num_rows, "columns": {field.name: str(field.type) for field in fields}}
