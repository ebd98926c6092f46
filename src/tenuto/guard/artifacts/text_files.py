"""JSON and CSV: no code can hide in them, so all there is to show is that they are what they claim."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator
from typing import BinaryIO

from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import chunks_of

_LONGEST_LINE = 2 * 2**20


def scan_json(stream: BinaryIO, size: int, limit: int) -> None:
    if size > limit:
        raise RefusedError("file.too_large", "document", f"JSON of more than {limit} bytes")
    try:
        json.loads(stream.read())
    except (ValueError, RecursionError) as error:
        raise RefusedError("text.malformed", "document", f"no JSON: {error}"[:200]) from error


def scan_csv(stream: BinaryIO) -> None:
    """Read every row: UTF-8, no NUL, quotes closed, and no cell longer than the reader's own limit."""
    rows = csv.reader(_lines(stream), strict=True)
    try:
        for _ in rows:
            pass
    except csv.Error as error:
        raise RefusedError("text.malformed", f"line {rows.line_num}", f"no CSV: {error}"[:200]) from error


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines with their ends, decoding as they come."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    try:
        for chunk in chunks_of(stream):
            *lines, rest = (rest + decoder.decode(chunk)).splitlines(keepends=True) or [""]
            yield from (_plain(line) for line in lines)
            if len(rest) > _LONGEST_LINE:
                raise RefusedError("file.too_large", "document", "a line without end")
        yield _plain(rest + decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise RefusedError("text.malformed", "document", f"not UTF-8: {error.reason}") from error


def _plain(line: str) -> str:
    if "\0" in line:
        raise RefusedError("text.malformed", "document", "a NUL character")
    return line
