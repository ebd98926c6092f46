from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tenuto.core import typed_json
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.value_types import ANY_JSON, NULL, Kind, ValueType, list_of

INT, FLOAT, TEXT = ValueType(Kind.INT), ValueType(Kind.FLOAT), ValueType(Kind.TEXT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        (10**30, "1" + "0" * 30),
        ("é\n", '"é\\n"'),
        ([1, [2.5]], "[1,[2.5]]"),
        ((1, ("a",)), '{"$tuple":[1,{"$tuple":["a"]}]}'),
        (Decimal("1.10"), '{"$decimal":"1.10"}'),
        (date(2026, 2, 28), '{"$date":"2026-02-28"}'),
        (datetime(2026, 2, 28, 1, 2, 3, 4, UTC), '{"$datetime":"2026-02-28T01:02:03.000004+00:00"}'),
        (float("-inf"), '{"$float":"-inf"}'),
        ({"$tuple": [1]}, '{"$dict":{"$tuple":[1]}}'),
        ({"b": 1, "a": 2}, '{"b":1,"a":2}'),
    ],
)
def test_a_value_has_one_spelling_and_comes_back_with_its_type(value: Any, text: str) -> None:
    assert typed_json.encode(value) == text
    back = typed_json.decode(text)
    assert back == value
    assert type(back) is type(value)


def test_not_a_number_is_a_value() -> None:
    assert math.isnan(typed_json.decode(typed_json.encode(float("nan"), FLOAT), FLOAT))


def test_an_aware_time_keeps_its_offset() -> None:
    moment = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert typed_json.decode(typed_json.encode(moment)).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({1}, "$: builtins.set is no JSON value"),
        ({"a": [1, object()]}, "$.a[1]: builtins.object is no JSON value"),
        ({1: 2}, "$: keys are text, found int 1"),
        ("\ud800", "surrogates not allowed"),
        ([10**5000], "digits"),
        (b"x", "$: builtins.bytes is no JSON value"),
    ],
)
def test_what_is_no_json_value_is_refused_with_its_place(value: Any, detail: str) -> None:
    with pytest.raises(TenutoError, match=INVALID_VALUE.summary) as raised:
        typed_json.encode(value)
    assert detail in raised.value.detail


def test_nesting_is_bounded_both_ways() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(TenutoError, match="deep"):
        typed_json.encode(deep)
    for depth in (400, 200_000):
        with pytest.raises(TenutoError, match="not typed JSON"):
            typed_json.decode("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "{",
        '{"$tuple":1}',
        '{"$float":"1"}',
        '{"$decimal":"x"}',
        '{"$date":"2026-13-01"}',
        '{"$what":1}',
        "",
    ],
)
def test_text_that_is_not_typed_json_is_refused(text: str) -> None:
    with pytest.raises(TenutoError, match="not typed JSON"):
        typed_json.decode(text)


@pytest.mark.parametrize(
    ("value", "wanted", "detail"),
    [
        (1.5, INT, "$: expected int, found float"),
        (True, INT, "$: expected int, found bool"),
        ([1, "a"], list_of(INT), "$[1]: expected int, found str"),
        ((1,), list_of(INT), "$: expected list[int], found tuple"),
        ({"a": None}, ValueType(Kind.DICT, (TEXT,)), "$.a: expected str, found None"),
        ((1, "a"), ValueType(Kind.TUPLE, (INT,)), "$: expected tuple[int], found a tuple of 2"),
        ((1, "a"), ValueType(Kind.SEQUENCE, (INT,)), "$[1]: expected int, found str"),
        ("a", ValueType(Kind.UNION, (INT, NULL)), "$: expected int | null, found str"),
        (datetime(2026, 1, 1), ValueType(Kind.DATE), "$: expected date, found datetime"),  # noqa: DTZ001 (naive on purpose)
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(
    value: Any, wanted: ValueType, detail: str
) -> None:
    with pytest.raises(TenutoError) as raised:
        typed_json.encode(value, wanted)
    assert raised.value.detail == detail
    with pytest.raises(TenutoError):
        typed_json.decode(typed_json.encode(value), wanted)


def test_an_int_is_taken_for_a_float_and_stays_an_int() -> None:
    assert typed_json.encode(1, FLOAT) == "1"
    assert type(typed_json.decode("1", FLOAT)) is int


def test_numpy_scalars_become_pythons_own() -> None:
    numpy = pytest.importorskip("numpy")
    made = typed_json.plain(
        {"a": [numpy.float64(0.5), numpy.int32(3)], "b": (numpy.bool_(True), numpy.str_("x"))}
    )
    assert made == {"a": [0.5, 3], "b": (True, "x")}
    assert [type(item) for item in (*made["a"], *made["b"])] == [float, int, bool, str]
    for kept in (numpy.array(1.0), numpy.datetime64("2026-01-01")):
        assert typed_json.plain(kept) is kept


def test_any_takes_every_json_value() -> None:
    assert typed_json.decode(typed_json.encode({"a": (1, None)}, ANY_JSON)) == {"a": (1, None)}
