from __future__ import annotations

import numpy as np
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.protocol.checks import check_form, check_names, check_values, count_rows
from tenuto.serving.words import Datatype, TensorSpec

SPEC = TensorSpec("x", Datatype.FP32, (-1, 2))
SPARSE = TensorSpec("x", Datatype.FP32, (-1, 2), missing=True)
FIXED = TensorSpec("x", Datatype.FP32, (1, 2))


def test_any_number_of_rows_fits() -> None:
    check_form(SPEC, "FP32", [1, 2])
    check_form(SPEC, "FP32", [999, 2])


@pytest.mark.parametrize(
    ("datatype", "shape", "said"),
    [
        ("FP64", [1, 2], "datatype 'FP64'; expected FP32"),
        ("float", [1, 2], "no datatype of the protocol; expected FP32"),
        ("FP32", [1, 3], r"shape \[1, 3\], expected \[-1, 2\]"),
        ("FP32", [2], r"shape \[2\], expected \[-1, 2\]"),
        ("FP32", [0, 2], r"shape \[0, 2\]"),
        ("FP32", [-1, 2], r"shape \[-1, 2\]"),
        ("FP32", [], r"shape \[\]"),
    ],
)
def test_another_form_is_told_with_the_expected_one(datatype: str, shape: list[int], said: str) -> None:
    with pytest.raises(TenutoError, match=said):
        check_form(SPEC, datatype, shape)


def test_nan_passes_only_where_values_may_be_missing_and_infinity_nowhere() -> None:
    gap = np.array([[1, np.nan]], dtype=np.float32)
    endless = np.array([[1, 2], [np.inf, 4]], dtype=np.float32)
    check_values(SPARSE, gap)
    with pytest.raises(
        TenutoError, match=r"the value at \[0, 1\] is not finite; this input takes finite numb"
    ):
        check_values(SPEC, gap)
    with pytest.raises(TenutoError, match=r"the value at \[1, 0\] .* finite numbers and NaN"):
        check_values(SPARSE, endless)


def test_each_input_comes_once() -> None:
    specs = [SPEC, TensorSpec("y", Datatype.BOOL, (-1, 1))]
    check_names(specs, ["y", "x"])
    with pytest.raises(TenutoError, match="'y': missing; this model takes x, y"):
        check_names(specs, ["x"])
    with pytest.raises(TenutoError, match="'z': not an input of this model"):
        check_names(specs, ["x", "z"])
    with pytest.raises(TenutoError, match="'x': given more than once"):
        check_names(specs, ["x", "x"])


def test_all_inputs_have_the_same_rows() -> None:
    specs = [SPEC, TensorSpec("y", Datatype.BOOL, (-1, 1))]
    assert count_rows(specs, {"x": [3, 2], "y": [3, 1]}) == 3
    assert count_rows([FIXED], {"x": [1, 2]}) == 1
    with pytest.raises(TenutoError, match="'y': 4 rows, but 'x' has 3"):
        count_rows(specs, {"x": [3, 2], "y": [4, 1]})
