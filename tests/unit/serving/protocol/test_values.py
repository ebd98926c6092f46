from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_OUTPUT, REQUEST_TENSOR
from tenuto.serving.protocol.values import from_json, to_json
from tenuto.serving.words import Datatype


def _read(data: Any, datatype: Datatype, shape: list[int], *, missing: bool = False) -> Any:
    return from_json(json.dumps(data).encode(), datatype, shape, "x", missing=missing)


@pytest.mark.parametrize("data", [[1, 2.5, 3, 4], [[1, 2.5], [3, 4]], [[[1], [2.5]], [[3], [4]]]])
def test_flat_and_nested_lists_are_the_same_tensor(data: Any) -> None:
    shape = [2, 2, 1] if isinstance(data[0], list) and isinstance(data[0][0], list) else [2, 2]
    array = _read(data, Datatype.FP32, shape)
    assert array.dtype == np.float32
    assert array.ravel().tolist() == [1, 2.5, 3, 4]
    assert list(array.shape) == shape


def test_blanks_before_the_numbers_change_nothing() -> None:
    raw = b" [\n          \t  [\r\n 1, 2 ]\n , [3, 4] ]"
    assert from_json(raw, Datatype.INT64, [2, 2], "x").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("data", "datatype", "shape", "said"),
    [
        ([1, 2], Datatype.FP16, [2], "no JSON form"),
        ([True], Datatype.FP32, [1], "Expected `float`, got `bool`"),
        (["1"], Datatype.FP64, [1], "Expected `float`, got `str`"),
        ([None], Datatype.FP64, [1], "got `null`"),
        ([None], Datatype.BYTES, [1], "got `null`"),
        ([1.5], Datatype.INT32, [1], "Expected `int`, got `float`"),
        ([1.0], Datatype.INT32, [1], "Expected `int`, got `float`"),
        ([128], Datatype.INT8, [1], "the range of INT8"),
        ([-1], Datatype.UINT64, [1], "the range of UINT64"),
        ([2**64], Datatype.UINT64, [1], "the range of UINT64"),
        ([10**30], Datatype.INT64, [1], "the range of INT64"),
        ([0, 1], Datatype.BOOL, [2], "Expected `bool`, got `int`"),
        ([1], Datatype.BYTES, [1], "Expected `str`, got `int`"),
        ([1, 2, 3], Datatype.INT8, [2, 2], "holds 3 elements but shape [2, 2] asks for 4"),
        ([[1, 2], [3]], Datatype.INT8, [2, 2], "different lengths"),
        ([[1, 2], [3, 4]], Datatype.INT8, [4, 1], "nested as [2, 2] but shape says [4, 1]"),
        ([[[1]]], Datatype.INT8, [1, 1], "nested 3 deep"),
        (7, Datatype.INT8, [1], "nested 0 deep"),
        ({"a": 1}, Datatype.INT8, [1], "nested 0 deep"),
        ([[1], 2], Datatype.INT8, [2, 1], "Expected `array`, got `int`"),
    ],
)
def test_what_does_not_fit_is_told_with_what_was_expected(
    data: Any, datatype: Datatype, shape: list[int], said: str
) -> None:
    with pytest.raises(TenutoError) as caught:
        _read(data, datatype, shape)
    assert caught.value.fault is REQUEST_TENSOR
    assert said in caught.value.detail
    assert caught.value.context == {"tensor": "x"}


@pytest.mark.parametrize("raw", [b'["\xff"]', b'["\\ud800"]', b"[" * 100_000, b"[1e999]", b"[NaN]", b"[1,"])
def test_what_is_no_json_is_told(raw: bytes) -> None:
    with pytest.raises(TenutoError) as caught:
        from_json(raw, Datatype.BYTES if b'"' in raw else Datatype.FP64, [1], "x")
    assert caught.value.fault is REQUEST_TENSOR


def test_null_is_nan_where_values_may_be_missing() -> None:
    assert np.isnan(_read([[1, None]], Datatype.FP32, [1, 2], missing=True)[0, 1])
    assert _read(["a", None], Datatype.BYTES, [2], missing=True).tolist() == ["a", None]


def test_a_number_too_large_for_its_datatype_becomes_infinite_and_is_refused_later() -> None:
    assert np.isinf(_read([1e300], Datatype.FP32, [1])).all()


def test_nan_is_written_as_null() -> None:
    assert json.dumps(to_json(np.array([1.0, 2.0]), Datatype.FP64, "y")) == "[1.0, 2.0]"
    assert np.isnan(to_json(np.array([np.nan]), Datatype.FP64, "y")[0])


@pytest.mark.parametrize(
    ("array", "datatype"),
    [(np.array([np.inf]), Datatype.FP64), (np.array([1.0], dtype=np.float16), Datatype.FP16)],
)
def test_what_json_cannot_carry_is_refused_and_points_to_binary(array: Any, datatype: Datatype) -> None:
    with pytest.raises(TenutoError, match="'y'") as caught:
        to_json(array, datatype, "y")
    assert caught.value.fault is REQUEST_OUTPUT
    assert "binary data" in REQUEST_OUTPUT.fix
