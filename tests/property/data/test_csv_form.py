"""Whatever another writer makes is well formed, and no quote is lost unseen."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from tenuto.data.csv_form import row_of_lost_quote

VALUES = st.text(alphabet='ab",\n\r é', max_size=6)
ROWS = st.lists(st.lists(VALUES, min_size=2, max_size=3), min_size=1, max_size=6)


def written(rows: list[list[str]], quoting: int) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, quoting=quoting).writerows(rows)  # type: ignore[arg-type]  # any of the module's numbers
    return sink.getvalue().encode()


@given(rows=ROWS, mark=st.booleans(), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_is_written_well_has_no_lost_quote(rows: list[list[str]], mark: bool, quoting: int) -> None:
    content = (b"\xef\xbb\xbf" if mark else b"") + written(rows, quoting)
    assert row_of_lost_quote(content) is None


@given(rows=ROWS)
def test_a_file_that_lost_its_last_quote_is_noticed(rows: list[list[str]]) -> None:
    content = written(rows, csv.QUOTE_ALL).rstrip(b"\r\n")
    assert row_of_lost_quote(content[:-1]) is not None


@given(content=st.binary(max_size=40))
def test_nothing_is_too_strange_to_be_looked_at(content: bytes) -> None:
    row = row_of_lost_quote(content)
    assert row is None or 1 <= row <= content.count(b"\n") + content.count(b"\r") + 1
