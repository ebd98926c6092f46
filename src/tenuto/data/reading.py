"""Read the files of a source into one typed table. A wrong value names its file, row and column."""

from __future__ import annotations

import csv as plain_csv
import io
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.data.csv_form import (
    foreign_encoding,
    foreign_separator,
    may_hold_leading_zeros,
    row_of_lost_quote,
)
from tenuto.data.errors import (
    COLUMNS_DIFFER,
    CONTENT_INVALID,
    ML_MISSING,
    SEPARATOR_UNKNOWN,
    SOURCE_EMPTY,
    SOURCE_OUTSIDE,
    SOURCE_TOO_LARGE,
    SOURCE_UNREADABLE,
)
from tenuto.data.words import ColumnType, FileRead, SourceSpec, TableRead

LARGEST_SOURCE = 500_000_000  # bytes
_IN_COLUMN = re.compile(r"In CSV column #(?P<column>\d+): Row #(?P<row>\d+): (?P<what>.*)", re.DOTALL)
_IN_ROW = re.compile(r"CSV parse error: Row #(?P<row>\d+): (?P<what>.*)", re.DOTALL)
_TOO_LONG = "straddles two block boundaries"
_RAGGED = re.compile(r"Expected \d+ columns, got \d+")
_LEADING_ZERO = r"^\s*0[0-9]"
_LONGEST_ROW = 8 << 20  # bytes: Arrow reads in pieces of this size, and a row begins and ends in two of them
_LONGEST_HEADER = 1 << 20  # bytes that are looked at to name a column in an error


class _Part(NamedTuple):
    """One file, read. ``zeros`` are columns read as numbers that hold a value with a zero in front."""

    table: Any
    file: FileRead
    zeros: frozenset[str]


def read_source(spec: SourceSpec, roots: Sequence[Path], limit: int = LARGEST_SOURCE) -> TableRead:
    """Read every CSV file of the source, in name order. Links that lead outside ``roots`` are refused.

    All of it is held in memory: more than ``limit`` bytes together are refused before one is read. A column whose
    type is not declared stays text in every file if a value of it in one file begins with a zero and a digit: a
    postcode or an account, which a number would shorten.
    """
    files = _files(Path(spec.path), roots)
    _require_size(files, limit)
    parts = [_read_csv(path, spec) for path in files]
    if zeros := frozenset[str]().union(*(part.zeros for part in parts)):
        parts = [_read_csv(path, spec, zeros) for path in files]
    first = parts[0].table.schema.names
    for part in parts:
        if part.table.schema.names != first:
            difference = _difference(first, part.table.schema.names)
            raise TenutoError(COLUMNS_DIFFER, f"{part.file.name}: {difference}")
    return TableRead(_joined([part.table for part in parts], files), [part.file for part in parts])


def _files(path: Path, roots: Sequence[Path]) -> list[Path]:
    candidates = sorted(path.glob("*.csv")) if path.is_dir() else []
    real = [candidate.resolve() for candidate in candidates]
    # The path itself too, or the answer would tell which folders there are elsewhere.
    for one in (path.resolve(), *real):
        if not any(one.is_relative_to(root.resolve()) for root in roots):
            raise TenutoError(SOURCE_OUTSIDE, str(path))
    found = [one for one in real or [path.resolve()] if one.is_file()]
    if not found:
        raise TenutoError(SOURCE_EMPTY, str(path))
    return found


def _require_size(files: Sequence[Path], limit: int) -> None:
    size = sum(path.stat().st_size for path in files)
    if size > limit:
        raise TenutoError(
            SOURCE_TOO_LARGE, f"{size} bytes in {len(files)} files; at most {limit} are read", limit=limit
        )


def _read_csv(path: Path, spec: SourceSpec, texts: AbstractSet[str] = frozenset()) -> _Part:
    """Read one file; undeclared columns named in ``texts`` are not looked at for a type."""
    arrow, _ = _libraries()
    content = _content(path)
    _check_form(path, content)
    types = dict.fromkeys(texts, arrow.string())
    types |= {name: _arrow_type(arrow, kind) for name, kind in spec.columns.items()}
    table = _parsed(path, content, types)
    _check_columns(path, spec, _names(path, table))
    _check_text(path, table, arrow)
    read = FileRead(path.name, digest_of(content), len(content), table.num_rows)
    found = [field.name for field in table.schema if field.name not in types and _is_number(field.type)]
    return _Part(table, read, _leading_zeros(path, content, found))


def _parsed(path: Path, content: bytes, types: Mapping[str, Any], only: Sequence[str] = ()) -> Any:
    arrow, csv = _libraries()
    try:
        return csv.read_csv(
            io.BytesIO(content),
            # One thread, because only then does an error name its row.
            read_options=csv.ReadOptions(use_threads=False, block_size=_LONGEST_ROW),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=types, strings_can_be_null=True, include_columns=only
            ),
        )
    except (arrow.ArrowInvalid, arrow.ArrowKeyError) as error:
        located = _located(path, content, str(error))
        separator = foreign_separator(content, beside_commas=True)
        if separator and _RAGGED.search(located):
            message = f"{located}; the header holds {separator}"
            raise TenutoError(SEPARATOR_UNKNOWN, message, file=path.name) from None
        raise TenutoError(CONTENT_INVALID, located, file=path.name) from None


def _is_number(kind: Any) -> bool:
    arrow, _ = _libraries()
    return bool(arrow.types.is_integer(kind) or arrow.types.is_floating(kind))


def _leading_zeros(path: Path, content: bytes, numbers: Sequence[str]) -> frozenset[str]:
    if not numbers or not may_hold_leading_zeros(content):
        return frozenset()
    from pyarrow import compute

    arrow, _ = _libraries()
    written = _parsed(path, content, dict.fromkeys(numbers, arrow.string()), numbers)
    return frozenset(
        name
        for name in numbers
        if compute.any(compute.match_substring_regex(written[name], _LEADING_ZERO)).as_py()
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TenutoError(SOURCE_UNREADABLE, f"{path.name}: {error.strerror}", file=path.name) from None


def _check_form(path: Path, content: bytes) -> None:
    if encoding := foreign_encoding(content):
        raise TenutoError(CONTENT_INVALID, f"{path.name}: is in {encoding}; UTF-8 is read", file=path.name)
    if separator := foreign_separator(content):
        place = f"{path.name}, row 1"
        message = f"{place}: one column whose name holds {separator}; commas are read"
        raise TenutoError(SEPARATOR_UNKNOWN, message, file=path.name)
    if row := row_of_lost_quote(content):
        place = f"{path.name}, row {row}"
        what = "a quoted value is not closed, or goes on behind its closing quote"
        raise TenutoError(CONTENT_INVALID, f"{place}: {what}", file=path.name)


def _located(path: Path, content: bytes, message: str) -> str:
    """Say where a mistake is in words of the file: its name, the row as counted from 1, the column's name."""
    if found := _IN_COLUMN.search(message):
        column = _header(content)[int(found["column"])]
        return f"{path.name}, row {found['row']}, column `{column}`: {found['what']}"
    if found := _IN_ROW.search(message):
        return f"{path.name}, row {found['row']}: {found['what']}"
    if _TOO_LONG in message:
        return f"{path.name}: a row is longer than {_LONGEST_ROW} bytes"
    return f"{path.name}: {message}"


def _header(content: bytes) -> list[str]:
    text = content[:_LONGEST_HEADER].decode("utf-8-sig", "replace")
    return next(plain_csv.reader(io.StringIO(text)))


def _names(path: Path, table: Any) -> list[str]:
    try:
        names: list[str] = table.schema.names
    except UnicodeDecodeError:
        raise TenutoError(
            CONTENT_INVALID, f"{path.name}, row 1: a column's name is not valid UTF-8", file=path.name
        ) from None
    nameless = [str(place) for place, name in enumerate(names, 1) if not name]
    if nameless:
        raise TenutoError(
            CONTENT_INVALID,
            f"{path.name}, row 1: columns have no name: {', '.join(nameless)}",
            file=path.name,
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TenutoError(CONTENT_INVALID, f"{path.name}, row 1: columns are named twice: {', '.join(twice)}")
    if any("\0" in name for name in names):
        raise TenutoError(CONTENT_INVALID, f"{path.name}, row 1: a column's name holds a NUL character")
    return names


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
            row = next(
                index for index, value in enumerate(table[field.name].to_pylist(), 2) if _broken(value)
            )
            place = f"{path.name}, row {row}, column `{field.name}`"
            raise TenutoError(CONTENT_INVALID, f"{place}: not valid UTF-8", file=path.name)


def _broken(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return True
    return False


def _joined(tables: Sequence[Any], files: Sequence[Path]) -> Any:
    arrow, _ = _libraries()
    try:
        return arrow.concat_tables(tables, promote_options="permissive")
    except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:
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
