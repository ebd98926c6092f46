"""Lists go on after a key, and only with markers of our own."""

from __future__ import annotations

import base64

import pytest

from tenuto.core.errors import TenutoError
from tenuto.web.registry.paging import PageQuery, encode_cursor, page_of


def test_a_list_is_walked_to_its_end_without_gap_or_repetition() -> None:
    rows = list(range(23))
    seen: list[int] = []
    query = PageQuery(limit=5)
    while True:
        key = query.key(int)
        start = rows.index(int(key[0])) + 1 if key else 0
        page = page_of(rows[start : start + query.limit + 1], query.limit, lambda row: (row,))
        seen += page.items
        if page.next is None:
            break
        query = PageQuery(limit=5, after=page.next)
    assert seen == rows


def test_a_list_that_ends_with_a_page_has_no_next() -> None:
    assert page_of([1, 2], 2, lambda row: (row,)).next is None
    assert page_of([], 2, lambda row: (row,)).items == []


def test_a_key_of_several_parts_survives() -> None:
    cursor = encode_cursor(("2026-11-21T14:05:00Z", 7, "é"))
    assert PageQuery(after=cursor).key(str, int, str) == ("2026-11-21T14:05:00Z", 7, "é")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "e30",
        "A",
        "=" * 5,
        encode_cursor(("x", 1)),
        encode_cursor((1, 1, 1)),
        base64.urlsafe_b64encode(b'["a", 1]x').decode(),
        "A" * 5000,
    ],
)
def test_a_foreign_marker_is_refused(cursor: str) -> None:
    with pytest.raises(TenutoError) as refused:
        PageQuery(after=cursor).key(int, int)
    assert refused.value.fault.code == "web.cursor_invalid"
