"""Read the files of a source into one typed table. A wrong value names its file, row and column."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.data.errors import COLUMNS_DIFFER, CONTENT_INVALID, ML_MISSING, SOURCE_EMPTY, SOURCE_OUTSIDE
from tenuto.data.words import ColumnType, FileRead, SourceSpec, TableRead


def read_source(spec: SourceSpec, roots: Sequence[Path]) -> TableRead:
    """Read every CSV file of the source, in name order. Links that lead outside ``roots`` are refused."""
    files = _files(Path(spec.path), roots)
    parts = [_read_csv(path, spec) for path in files]
    first = parts[0][0].schema.names
    for (table, _), path in zip(parts, files, strict=True):
        if table.schema.names != first:
            raise TenutoError(COLUMNS_DIFFER, f"{path.name}: {_difference(first, table.schema.names)}")
    return TableRead(_joined([table for table, _ in parts], files), [read for _, read in parts])


def _files(path: Path, roots: Sequence[Path]) -> list[Path]:
    candidates = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    real = [candidate.resolve() for candidate in candidates]
    for one in real:
        if not any(one.is_relative_to(root.resolve()) for root in roots):
            raise TenutoError(SOURCE_OUTSIDE, str(path))
    found = [one for one in real if one.is_file()]
    if not found:
        raise TenutoError(SOURCE_EMPTY, str(path))
    return found


def _read_csv(path: Path, spec: SourceSpec) -> tuple[Any, FileRead]:
    arrow, csv = _libraries()
    content = path.read_bytes()
    types = {name: _arrow_type(arrow, kind) for name, kind in spec.columns.items()}
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            # One thread, because only then does an error name its row.
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True),
        )
    except (arrow.ArrowInvalid, arrow.ArrowKeyError) as error:
        raise TenutoError(CONTENT_INVALID, f"{path.name}: {error}", file=path.name) from None
    _check_columns(path, spec, table.schema.names)
    _check_text(path, table, arrow)
    return table, FileRead(path.name, digest_of(content), len(content), table.num_rows)


def _check_columns(path: Path, spec: SourceSpec, names: Sequence[str]) -> None:
    missing = [name for name in spec.columns if name not in names]
    if missing:
        raise TenutoError(CONTENT_INVALID, f"{path.name}: declared columns are missing: {', '.join(missing)}")
    unknown = [name for name in names if name not in spec.columns]
    if spec.strict and unknown:
        raise TenutoError(CONTENT_INVALID, f"{path.name}: columns are not declared: {', '.join(unknown)}")


def _check_text(path: Path, table: Any, arrow: Any) -> None:
    """Refuse what Arrow could only read as bytes: text that is not UTF-8."""
    for field in table.schema:
        if arrow.types.is_binary(field.type):
            raise TenutoError(CONTENT_INVALID, f"{path.name}: column `{field.name}` is not valid UTF-8")


def _joined(tables: Sequence[Any], files: Sequence[Path]) -> Any:
    arrow, _ = _libraries()
    try:
        return arrow.concat_tables(tables, promote_options="permissive")
    except arrow.ArrowInvalid as error:
        names = ", ".join(path.name for path in files)
        raise TenutoError(COLUMNS_DIFFER, f"{names}: {error}") from None


def _arrow_type(arrow: Any, kind: ColumnType) -> Any:
    return {
        ColumnType.INTEGER: arrow.int64(),
        ColumnType.NUMBER: arrow.float64(),
        ColumnType.TEXT: arrow.string(),
        ColumnType.BOOLEAN: arrow.bool_(),
        ColumnType.TIMESTAMP: arrow.timestamp("us", tz="UTC"),
    }[kind]


def _difference(wanted: Sequence[str], given: Sequence[str]) -> str:
    missing = [name for name in wanted if name not in given]
    extra = [name for name in given if name not in wanted]
    return (
        f"missing {missing}, unexpected {extra}" if missing or extra else "the columns stand in another order"
    )


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ImportError:
        raise TenutoError(ML_MISSING, "pyarrow is not installed") from None
    return pa, csv
