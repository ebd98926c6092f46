from __future__ import annotations

import json
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


def test_keys_are_ordered_by_utf_16_units_as_rfc_8785_asks() -> None:
    # The emoji is two units beginning with D83D, which sorts before U+FB33 though its code point is higher.
    assert (
        canonical_json({"\ufb33": 1, "\U0001f600": 2, "a": 3}).decode() == '{"a":3,"\U0001f600":2,"\ufb33":1}'
    )


@pytest.mark.parametrize("wrong", [1.5, 2**53 + 1, {1: "x"}, b"bytes", "\ud800", {"a": {"b": object()}}])
def test_what_has_no_single_spelling_is_refused(wrong: Any) -> None:
    with pytest.raises(TenutoError) as caught:
        canonical_json(wrong)
    assert caught.value.fault.code == "core.invalid_value"
