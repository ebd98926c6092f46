"""What goes into the store comes back equal, and of the same type."""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tenuto.core import typed_json
from tenuto.core.value_types import ANY_JSON, Kind, ValueType, list_of
from tenuto.pipelines.values.sinks import place_of
from tenuto.pipelines.values.storing import files_needed, load, received, split, store

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=-3, minutes=30))])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.dates()
    | st.datetimes(timezones=ZONES) | st.decimals(allow_nan=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(TEXT | st.sampled_from(["$tuple", "$dict"]), inner)
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type, at every depth; keys in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def round_trip(value: Any, declared: ValueType) -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = store(value, declared, folder)
        assert received(stored, declared) == stored
        assert store(value, declared, folder).digest == stored.digest
        files = {one.digest: str(place_of(one.digest, folder)) for one in files_needed(stored)}
        return load(stored, declared, files, folder)


@pytest.mark.capability("O1")
@given(VALUES)
def test_json_values(value: Any) -> None:
    assert same(typed_json.decode(typed_json.encode(value)), value)


@given(VALUES)
def test_stored_json_values(value: Any) -> None:
    assert same(round_trip(value, ANY_JSON), value)


@given(st.lists(VALUES, max_size=5))
def test_a_split_list_has_the_same_items(value: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = store(value, list_of(ANY_JSON), folder)
        files = {one.digest: str(place_of(one.digest, folder)) for one in files_needed(stored)}
        items = split(stored, ANY_JSON, files, folder)
        files |= {
            one.digest: str(place_of(one.digest, folder)) for item in items for one in files_needed(item)
        }
        assert same([load(item, ANY_JSON, files, folder) for item in items], value)


@given(st.text())
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        value = typed_json.decode(text)
    except typed_json.TenutoError:
        return
    assert same(typed_json.decode(typed_json.encode(value)), value)


DTYPES = (
    npst.boolean_dtypes() | npst.integer_dtypes() | npst.floating_dtypes(sizes=(16, 32, 64))
    | npst.complex_number_dtypes(sizes=(64, 128)) | npst.unicode_string_dtypes() | npst.datetime64_dtypes()
    | npst.array_dtypes(npst.integer_dtypes(), max_size=3)
)  # fmt: skip


@pytest.mark.capability("O1")
@settings(deadline=None)
@given(npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
def test_arrays(array: np.ndarray) -> None:
    back = round_trip(array, ValueType(Kind.ARRAY))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes() or array.dtype.names is not None
    np.testing.assert_array_equal(back, array)


COLUMNS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32),
    pa.string(): TEXT,
    pa.bool_(): st.booleans(),
    pa.list_(pa.int8()): st.lists(st.integers(-128, 127), max_size=3),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "é", ""]),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 5))
    types = draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=4))
    columns = [
        pa.array(draw(st.lists(COLUMNS[one] | st.none(), min_size=rows, max_size=rows)), one) for one in types
    ]
    return pa.table(columns, names=[f"c{index}" for index in range(len(columns))])


@pytest.mark.capability("O1")
@settings(deadline=None)
@given(tables())
def test_tables(table: pa.Table) -> None:
    back = round_trip(table, ValueType(Kind.TABLE))
    assert back.schema == table.schema
    assert all(same(one, other) for one, other in zip(back.to_pylist(), table.to_pylist(), strict=True))
