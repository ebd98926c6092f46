from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tenuto.data.profiling import profile_of, schema_of
from tenuto.data.words import TableRead

Read = Callable[..., TableRead]


def column(values: Any, kind: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = profile_of(pa.table({"x": pa.array(values, kind)}))["columns"]["x"]
    return found


def all_numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in all_numbers(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in all_numbers(inner)]
    return [float(value)] if isinstance(value, int | float) else []


@pytest.mark.capability("D9")
def test_figures_are_those_of_numpy() -> None:
    values = np.random.default_rng(7).normal(3.0, 2.0, 5_000)
    found = column([*values, None, None])
    counts, edges = np.histogram(values, bins=20)
    assert (found["nulls"], found["distinct"], found["finite"]) == (2, 5_000, 5_000)
    assert found["mean"] == float(values.mean())
    assert found["deviation"] == float(values.std())
    assert found["quantiles"] == np.quantile(values, [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]).tolist()
    assert found["bins"] == {"edges": edges.tolist(), "counts": counts.tolist()}


def test_categories_are_counted_the_most_frequent_first() -> None:
    found = column(["b", "a", "b", None, *map(str, range(20))])
    assert found["kind"] == "categorical"
    assert (found["nulls"], found["distinct"]) == (1, 22)
    assert found["top"][:3] == [["b", 2], ["0", 1], ["1", 1]]
    assert len(found["top"]) == 10
    assert column([True, False, True])["top"] == [["True", 2], ["False", 1]]


def test_what_is_not_finite_is_left_out_of_the_figures() -> None:
    found = column([1.0, math.inf, -math.inf, math.nan])
    assert (found["finite"], found["mean"]) == (1, 1.0)
    assert column([math.nan]) == {"nulls": 0, "distinct": 1, "kind": "numeric", "finite": 0}


@pytest.mark.parametrize(
    "values",
    [
        [1e308, -1e308],
        [1e308, 1.5e308, 1.7e308],
        [5e-324, 0.0],
        [2**53, 2**53 + 2],
        [2**62, 2**62],
        [-5, -5],
        [0],
    ],
)
def test_extremes_have_figures_too(values: list[float]) -> None:
    found = column([float(value) for value in values])
    assert all(map(math.isfinite, all_numbers(found)))
    assert sum(found["bins"]["counts"]) == len(values)
    edges = found["bins"]["edges"]
    assert edges[0] <= min(values)
    assert edges[-1] >= max(values)
    assert edges == sorted(edges)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a\n2024-01-01\n2024-01-02\n", "categorical"),
        (b"a\n12:00:00\n", "categorical"),
        (b"a\n2024-01-01 10:00:00\n", "categorical"),
        (b"a,b\n1,\n2,\n", "numeric"),
        (b"a,b\n", "empty"),
        (b"a\nx\0y\n", "categorical"),
    ],
)
def test_every_type_that_can_be_read_can_be_profiled_and_kept(read: Read, content: bytes, kind: str) -> None:
    table = read(content).table
    profile = profile_of(table)
    assert profile["columns"]["a"]["kind"] == kind
    text = msgspec.json.encode([profile, schema_of(table)])
    assert b"\\u0000" not in text, "the database keeps no NUL character"
    assert msgspec.json.decode(text) == [profile, schema_of(table)]
