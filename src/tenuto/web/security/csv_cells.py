"""CSV that a spreadsheet opens as text: what would be read as a formula gets an apostrophe in front."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Cell = str | int | Decimal | datetime | None


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the file line by line, in UTF-8 with CRLF (RFC 4180)."""
    yield _line(header)
    for row in rows:
        yield _line(row)


def safe_cell(value: Cell) -> str:
    """Return the text of a cell. Numbers stay as they are: only text can be a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(_STARTS_FORMULA) else value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _line(cells: Sequence[Cell]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return written.getvalue().encode()
