from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.canonical import canonical_json
from tenuto.core.errors import TenutoError

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_the_spelling_reads_back_and_is_the_only_one(value: Any) -> None:
    spelled = canonical_json(value)
    assert json.loads(spelled) == value
    assert canonical_json(json.loads(spelled)) == spelled


@given(values)
def test_both_ways_to_spell_agree_to_the_byte(value: Any) -> None:
    assert canonical_json(value) == _spelled(value).encode()


@pytest.mark.parametrize("first", range(0, 0x110000, 0x1000))
def test_every_character_is_spelled_as_in_rfc_8785(first: int) -> None:
    characters = [chr(code) for code in range(first, first + 0x1000) if not 0xD800 <= code <= 0xDFFF]
    assert canonical_json(characters) == _spelled(characters).encode()


def test_keys_are_ordered_by_utf_16_units_as_rfc_8785_asks() -> None:
    # The emoji is two units beginning with D83D, which sorts before U+FB33 though its code point is higher.
    assert (
        canonical_json({"\ufb33": 1, "\U0001f600": 2, "a": 3}).decode() == '{"a":3,"\U0001f600":2,"\ufb33":1}'
    )


class Form(Enum):
    OPEN = "open"


class _Word(str):
    """Text of a kind of its own, such as a text enum."""

    __slots__ = ()


def test_text_of_another_kind_is_text() -> None:
    assert (
        canonical_json({_Word("b"): _Word("x"), "a": [(_Word("y"), True)]}) == b'{"a":[["y",true]],"b":"x"}'
    )


@pytest.mark.parametrize(
    "wrong",
    [
        1.5,
        2**53 + 1,
        {1: "x"},
        b"bytes",
        -(2**53) - 1,
        "\ud800",
        {"\ud800": 1},
        [{"a": {"b": object()}}],
        {"a": datetime(2026, 1, 1, tzinfo=UTC)},
        Form.OPEN,
    ],
)
def test_what_has_no_single_spelling_is_refused(wrong: Any) -> None:
    with pytest.raises(TenutoError) as caught:
        canonical_json(wrong)
    assert caught.value.fault.code == "core.invalid_value"


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(TenutoError) as caught:
        canonical_json({"rows": [{"amount": 1}, {"amount": 0.5}]})
    assert caught.value.detail == "$.rows[1].amount: float has no canonical spelling"


def _spelled(value: Any) -> str:
    """The same in the words of the standard, by its members, with the standard library."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_spelled(key)}:{_spelled(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_spelled(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
