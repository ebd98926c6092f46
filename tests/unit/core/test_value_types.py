from __future__ import annotations

import pytest

from tenuto.core.value_types import (
    ANY_JSON,
    NULL,
    FilePath,
    Kind,
    ValueType,
    estimator_type,
    fits,
    is_json,
    library_kind,
    list_of,
    malformed,
    takes_none,
)

INT, FLOAT, TEXT, TABLE = (ValueType(kind) for kind in (Kind.INT, Kind.FLOAT, Kind.TEXT, Kind.TABLE))
ARRAY = ValueType(Kind.ARRAY)
FLOATS = ValueType(Kind.ARRAY, name="float64")
MAYBE_INT = ValueType(Kind.UNION, (INT, NULL))


class Estimator:
    """Stands for scikit-learn's base class, by its name."""


Estimator.__module__, Estimator.__qualname__ = "sklearn.base", "BaseEstimator"


class Forest(Estimator):
    pass


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (INT, INT, True),
        (INT, FLOAT, True),
        (FLOAT, INT, False),
        (INT, MAYBE_INT, True),
        (MAYBE_INT, INT, False),
        (MAYBE_INT, ValueType(Kind.UNION, (TEXT, INT, NULL)), True),
        (ANY_JSON, INT, True),
        (list_of(INT), ANY_JSON, True),
        (TABLE, ANY_JSON, False),
        (ANY_JSON, TABLE, False),
        (list_of(INT), list_of(FLOAT), True),
        (list_of(FLOAT), list_of(INT), False),
        (list_of(TABLE), list_of(TABLE), True),
        (ValueType(Kind.TUPLE, (INT, TEXT)), ValueType(Kind.TUPLE, (INT, TEXT)), True),
        (ValueType(Kind.TUPLE, (INT,)), ValueType(Kind.TUPLE, (INT, TEXT)), False),
        (ARRAY, FLOATS, True),
        (FLOATS, ARRAY, True),
        (FLOATS, ValueType(Kind.ARRAY, name="int64"), False),
        (ValueType(Kind.FILE), ValueType(Kind.FOLDER), False),
        (estimator_type(Forest), estimator_type(Estimator), True),
        (estimator_type(Estimator), estimator_type(Forest), False),
    ],
)
def test_what_fits(given: ValueType, wanted: ValueType, expected: bool) -> None:
    assert fits(given, wanted) is expected


def test_json_is_told_from_what_needs_a_file() -> None:
    assert is_json(list_of(MAYBE_INT))
    assert not is_json(list_of(TABLE))
    assert takes_none(ValueType(Kind.UNION, (TABLE, NULL)))
    assert takes_none(ANY_JSON)
    assert not takes_none(TABLE)


@pytest.mark.parametrize(
    ("value_type", "reason"),
    [
        (ValueType(Kind.LIST), "takes one inner type"),
        (ValueType(Kind.INT, (INT,)), "takes no inner type"),
        (ValueType(Kind.UNION, (INT,)), "two alternatives"),
        (ValueType(Kind.TEXT, name="x"), "takes no name"),
        (ValueType(Kind.DICT, (TABLE,)), "JSON values only"),
        (list_of(ValueType(Kind.LIST)), "takes one inner type"),
    ],
)
def test_a_malformed_type_is_told(value_type: ValueType, reason: str) -> None:
    assert reason in (malformed(value_type) or "")


def test_depth_is_bounded() -> None:
    deep = INT
    for _ in range(30):
        deep = list_of(deep)
    assert "deep" in (malformed(deep) or "")


def test_types_read_like_python() -> None:
    shown = ValueType(Kind.DICT, (ValueType(Kind.SEQUENCE, (MAYBE_INT,)),))
    assert str(shown) == "dict[str, tuple[int | null, ...]]"
    assert str(FLOATS) == "array[float64]"


def test_classes_are_known_by_name() -> None:
    assert library_kind(FilePath) is Kind.FILE
    assert library_kind(Forest) is Kind.ESTIMATOR
    assert library_kind(dict) is None
