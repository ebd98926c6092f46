"""Pairs of text become typed values, or a list of problems, one for each field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated

import msgspec
import pytest

from tenuto.core.errors import TenutoError
from tenuto.web.dispatch.forms import FieldProblem, decode_pairs, decode_query, read_pairs
from tenuto.web.words import Input


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Form(Input, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=5, pattern="^[a-z]+$")]
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    price: Decimal = Decimal(0)
    urgent: bool = False
    size: Size | None = None
    due: date | None = None
    tags: list[str] = msgspec.field(default_factory=list)


def test_every_type_is_read_from_text() -> None:
    pairs = read_pairs(
        b"name=abc&count=3&share=0.25&price=1.50&urgent=true&size=l&due=2026-11-21&tags=a&tags=b"
    )
    assert decode_pairs(pairs, Form) == Form(
        name="abc",
        count=3,
        share=0.25,
        price=Decimal("1.50"),
        urgent=True,
        size=Size.LARGE,
        due=date(2026, 11, 21),
        tags=["a", "b"],
    )


def test_an_empty_field_counts_as_not_given() -> None:
    assert decode_pairs(read_pairs(b"name=abc&count=&size=&tags=&due="), Form) == Form(name="abc")


@pytest.mark.parametrize(
    ("content", "field", "key", "values"),
    [
        (b"", "name", "form.required", {}),
        (b"name=", "name", "form.required", {}),
        (b"name=a", "name", "form.too_short", {"limit": "2"}),
        (b"name=abcdef", "name", "form.too_long", {"limit": "5"}),
        (b"name=A1", "name", "form.wrong_shape", {}),
        (b"name=abc&name=abd", "name", "form.given_twice", {}),
        (b"name=abc&count=0", "count", "form.too_small", {"limit": "1"}),
        (b"name=abc&count=10", "count", "form.too_large", {"limit": "9"}),
        (b"name=abc&count=x", "count", "form.not_a_number", {}),
        (b"name=abc&count=1.5", "count", "form.not_a_number", {}),
        (b"name=abc&share=0", "share", "form.too_small", {"limit": "0.0"}),
        (b"name=abc&share=1", "share", "form.too_large", {"limit": "1.0"}),
        (b"name=abc&price=x", "price", "form.wrong", {}),
        (b"name=abc&size=m", "size", "form.not_a_choice", {}),
        (b"name=abc&due=tomorrow", "due", "form.not_a_date", {}),
        (b"name=abc&urgent=maybe", "urgent", "form.wrong", {}),
        (b"name=abc&nmae=x", "nmae", "form.unknown", {}),
    ],
)
def test_a_problem_has_a_key_that_can_be_said_in_any_language(
    content: bytes, field: str, key: str, values: dict[str, str]
) -> None:
    with pytest.raises(TenutoError) as refused:
        decode_pairs(read_pairs(content), Form)
    problems: dict[str, FieldProblem] = refused.value.context["fields"]
    assert (problems[field].key, problems[field].values) == (key, values)
    assert f"`{field}`" in refused.value.detail


def test_a_wrong_choice_is_told_with_those_there_are() -> None:
    with pytest.raises(TenutoError) as refused:
        decode_pairs(read_pairs(b"name=abc&size=m"), Form)
    assert "one of " + ", ".join(f"`{one.value}`" for one in Size) in refused.value.detail


def test_all_problems_are_found_at_once() -> None:
    with pytest.raises(TenutoError) as refused:
        decode_pairs(read_pairs(b"count=x&size=m&extra=1"), Form)
    assert set(refused.value.context["fields"]) == {"name", "count", "size", "extra"}


@pytest.mark.parametrize("content", [b"a=%ff", b"a=\xff", b"a", b"a=1&b", b"&".join([b"a=1"] * 1001)])
def test_a_form_that_is_not_well_formed_is_refused(content: bytes) -> None:
    with pytest.raises(TenutoError) as refused:
        read_pairs(content)
    assert refused.value.fault.code == "web.body_malformed"


def test_no_query_is_no_mistake() -> None:
    assert decode_query(b"", None) is None
    assert read_pairs(b"") == []
