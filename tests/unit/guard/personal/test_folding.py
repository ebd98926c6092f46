from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.guard.personal.folding import _TWINS, fold

pytestmark = pytest.mark.capability("G12")


@given(st.text())
def test_no_character_moves(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("０６－１２", "06-12"),
        ("٠٦ ۱۲ ०६", "06 12 06"),
        ("𝟎𝟔𝐀𝑩", "06AB"),
        ("1\u00a02\u20093\u202f4\u30005", "1 2 3 4 5"),
        ("1–2—3−4", "1-2-3-4"),
        ("78¹ 5② x₂", "78^ 5^ x^"),
        ("jean＠exemple﹒fr", "jean@exemple.fr"),
        ("déjà vu, 中文", "déjà vu, 中文"),
    ],
)
def test_twins(text: str, plain: str) -> None:
    assert fold(text) == plain


def test_every_digit_and_letter_unicode_calls_compatible_is_read_as_such() -> None:
    for character, twin in _TWINS.items():
        if twin not in " -^":
            assert twin in (
                unicodedata.normalize("NFKC", character),
                str(unicodedata.decimal(character, "")),
                character,
            )
