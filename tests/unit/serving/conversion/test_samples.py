from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.samples import head, inputs_of, tensors_of
from tenuto.serving.words import Datatype, Signature, TensorSpec

NUMBERS = pa.table({"a": [1.0, 2.0], "b": [3.0, None]})
MIXED = pa.table(
    {
        "age": [1, 2],
        "city": pa.array(["x", "y"]).dictionary_encode(),
        "name": ["n", None],
        "ok": [True, False],
    }
)


def test_a_matrix_is_one_tensor() -> None:
    ((spec,), features) = inputs_of(np.zeros((5, 3), dtype=np.float32))
    assert spec == TensorSpec("input", Datatype.FP32, (-1, 3))
    assert features == ()


def test_gaps_in_the_sample_make_gaps_allowed() -> None:
    ((spec,), _) = inputs_of(np.array([[1.0], [np.nan]]))
    assert spec.missing


def test_texts_are_a_tensor_of_texts() -> None:
    ((spec,), _) = inputs_of(np.array(["a", "b"]))
    assert spec == TensorSpec("input", Datatype.BYTES, (-1,))


def test_a_table_of_one_numeric_type_is_a_matrix_with_named_columns() -> None:
    ((spec,), features) = inputs_of(NUMBERS)
    assert spec == TensorSpec("input", Datatype.FP64, (-1, 2), missing=True)
    assert features == ("a", "b")
    signature = Signature((spec,), (), features)
    swapped = NUMBERS.select(["b", "a"])
    assert tensors_of(swapped, signature)["input"][0].tolist() == [1, 3]


def test_any_other_table_is_a_tensor_per_column() -> None:
    specs, features = inputs_of(MIXED)
    assert specs == (
        TensorSpec("age", Datatype.INT64, (-1, 1)),
        TensorSpec("city", Datatype.BYTES, (-1, 1)),
        TensorSpec("name", Datatype.BYTES, (-1, 1), missing=True),
        TensorSpec("ok", Datatype.BOOL, (-1, 1)),
    )
    assert features == ()
    tensors = tensors_of(MIXED, Signature(specs, ()))
    assert {name: array.tolist() for name, array in tensors.items()} == {
        "age": [[1], [2]],
        "city": [["x"], ["y"]],
        "name": [["n"], [None]],
        "ok": [[True], [False]],
    }


def test_columns_can_be_asked_for() -> None:
    assert [spec.name for spec in inputs_of(NUMBERS, columns=True)[0]] == ["a", "b"]
    with pytest.raises(TenutoError, match="different types"):
        inputs_of(MIXED, columns=False)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (np.array(1.0), "no rows"),
        (np.zeros((0, 3)), "no rows"),
        (np.zeros((1, 2), dtype=np.float16), "float16"),
        (np.zeros((1, 2), dtype=complex), "complex128"),
        (np.array([["a", 1]], dtype=object), "mixes text with int"),
        (pa.table({"d": pa.array([0], pa.date32())}), "'d' is date32"),
        (pa.table({"b": [True, None]}), "booleans and nulls"),
        (pa.table({"l": [[1]]}), "'l' is list"),
    ],
)
def test_what_no_tensor_can_hold_is_told(sample: Any, said: str) -> None:
    with pytest.raises(TenutoError, match=said):
        inputs_of(sample)


def test_a_missing_column_is_named() -> None:
    specs, _ = inputs_of(MIXED)
    with pytest.raises(TenutoError, match="'age' is not in the table"):
        tensors_of(MIXED.drop_columns(["age"]), Signature(specs, ()))


def test_rows_of_another_form_are_refused() -> None:
    specs, _ = inputs_of(MIXED)
    with pytest.raises(TenutoError, match="takes a table"):
        tensors_of(np.zeros((1, 4)), Signature(specs, ()))
    with pytest.raises(TenutoError, match=r"\[1, 4\] does not fit \[-1, 3\]"):
        tensors_of(np.zeros((1, 4)), Signature(inputs_of(np.zeros((1, 3)))[0], ()))


def test_the_first_rows_keep_the_form() -> None:
    assert head(MIXED, 1).num_rows == 1
    assert head(np.zeros((5, 2)), 3).shape == (3, 2)
