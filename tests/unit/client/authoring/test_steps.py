from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, Optional

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
import pyarrow as pa
import pytest
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from typing_extensions import TypeAliasType

from tenuto.client import FilePath, FolderPath, step
from tenuto.client.authoring.errors import STEP_NOT_POSSIBLE, TYPE_NOT_POSSIBLE
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Returns


class Halves(NamedTuple):
    train: pa.Table
    test: pa.Table


@dataclasses.dataclass
class Scores:
    accuracy: float
    classes: list[str]


class Report(msgspec.Struct):
    page: FilePath


@step
def halve(table: pa.Table, share: float = 0.5) -> Halves:
    """Split."""
    return Halves(table.slice(0, 1), table.slice(1))


def test_outside_a_pipeline_a_step_is_the_function() -> None:
    table = pa.table({"a": [1, 2]})
    assert halve(table).train.num_rows == 1
    assert halve.__doc__ == "Split."
    assert halve.__name__ == "halve"
    assert halve.function(table, share=0.1).test.num_rows == 1


def typed(annotation: Any) -> str:
    def made(x: Any) -> None: ...

    made.__annotations__ = {"x": annotation, "return": None}
    return str(step(made).signature.inputs[0].type)


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (int, "int"),
        (Any, "json"),
        (list, "list[json]"),
        (dict[str, list[float]], "dict[str, list[float]]"),
        (Optional[int], "int | null"),  # noqa: UP045 (the old spelling is read too)
        (datetime | None, "datetime | null"),
        (tuple[int, ...], "tuple[int, ...]"),
        (list[tuple[str, float]], "list[tuple[str, float]]"),
        (np.ndarray, "array"),
        (npt.NDArray[np.float64], "array[float64]"),
        (npt.NDArray[Any], "array"),
        (npt.NDArray[np.floating], "array"),
        (TypeAliasType("Rows", list[int]), "list[int]"),
        (pa.Table | None, "table | null"),
        (list[FilePath], "list[file]"),
        (FolderPath, "folder"),
        (onnx.ModelProto, "onnx"),
        (LogisticRegression, "estimator[sklearn.linear_model._logistic.LogisticRegression]"),
        (ClassifierMixin, "estimator[sklearn.base.ClassifierMixin]"),
    ],
)
def test_annotations_become_types(annotation: Any, shown: str) -> None:
    assert typed(annotation) == shown


class Masked(np.ndarray):
    pass


@pytest.mark.parametrize(
    "annotation",
    [
        bytes,
        set[int],
        dict[int, str],
        dict[str, pa.Table],
        object,
        Masked,
        Iterator[int],
        Callable[..., int],
        "int",
    ],
)
def test_a_type_that_cannot_pass_is_refused_where_the_step_is_defined(annotation: Any) -> None:
    if annotation == "int":
        annotation = np.float64  # a scalar of numpy is a float to whoever declares it
    with pytest.raises(TenutoError) as raised:
        typed(annotation)
    assert raised.value.fault is TYPE_NOT_POSSIBLE
    assert "(x)" in raised.value.detail
    assert "pyarrow.Table" in raised.value.fault.fix


def test_several_outputs() -> None:
    def scores() -> Scores:
        return Scores(1.0, [])

    def report() -> Report:
        return Report(FilePath("x"))

    def pair() -> tuple[int, str]:
        return 1, "a"

    def nothing() -> None:
        return None

    found = [step(function).signature for function in (scores, report, pair, nothing)]
    assert [one.returns for one in found] == [Returns.FIELDS, Returns.FIELDS, Returns.TUPLE, Returns.NOTHING]
    assert [[output.name for output in one.outputs] for one in found] == [
        ["accuracy", "classes"],
        ["page"],
        ["0", "1"],
        [],
    ]


def no_result(x: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 (what is missing is the point)
    return x


def no_annotation(x) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001 (what is missing is the point)
    return int(x)


def starred(*values: int) -> int:
    return sum(values)


async def awaited() -> int:
    return 1


def generated() -> Iterator[int]:
    yield 1


def unknown(x: Nowhere) -> int:  # type: ignore[name-defined]  # noqa: F821 (what is missing is the point)
    return 1


@pytest.mark.parametrize(
    ("function", "detail"),
    [
        (no_result, "does not say what it returns"),
        (no_annotation, "`no_annotation(x)` has no annotation"),
        (starred, "a name of its own"),
        (awaited, "coroutine or a generator"),
        (generated, "coroutine or a generator"),
        (unknown, "Nowhere"),
        (len, "no plain function"),
        (Scores, "no plain function"),
    ],
)
def test_a_function_that_cannot_be_a_step_is_told_why(function: Any, detail: str) -> None:
    with pytest.raises(TenutoError) as raised:
        step(function)
    assert raised.value.fault is STEP_NOT_POSSIBLE
    assert detail in raised.value.detail


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (None, None),
        (2**21, 2**21),
        ("512 MiB", 512 * 2**20),
        ("1.5GB", 15 * 10**8),
        ("2 KB", None),
        ("x", None),
    ],
)
def test_memory_is_bytes_or_a_number_with_a_unit(memory: Any, expected: int | None) -> None:
    def work() -> None: ...

    if expected is None and memory is not None:
        with pytest.raises(TenutoError, match="memory"):
            step(memory=memory)(work)
    else:
        assert step(memory=memory)(work).options.resources.memory_bytes == expected


def test_options_are_checked_where_the_step_is_defined() -> None:
    def work() -> None: ...

    for wrong in ({"inline": True, "timeout": 1}, {"retries": 1000}, {"timeout": 0}, {"cpus": -1}):
        with pytest.raises(TenutoError, match="work"):
            step(**wrong)(work)
