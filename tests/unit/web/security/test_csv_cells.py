"""Exports that a spreadsheet opens as text (SEC-41)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tenuto.web.security.csv_cells import Cell, csv_chunks, safe_cell


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("x")']
)
def test_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("churn", "churn"),
        ("", ""),
        (None, ""),
        (-3, "-3"),
        (Decimal("-0.000000000001"), "-1E-12"),
        (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00+00:00"),
    ],
)
def test_everything_else_stays(cell: Cell, text: str) -> None:
    assert safe_cell(cell) == text


def test_the_file_is_read_back_cell_by_cell() -> None:
    rows = [["a,b", 'say "hi"', "two\nlines"], ["=x", 1, None]]
    text = b"".join(csv_chunks(["one", "two", "three"], rows)).decode()
    assert text.startswith("one,two,three\r\n")
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [
        ["a,b", 'say "hi"', "two\nlines"],
        ["'=x", "1", ""],
    ]
