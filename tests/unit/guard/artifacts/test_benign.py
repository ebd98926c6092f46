from __future__ import annotations

import io
import pickle
import pickletools
import warnings
from functools import cache
from typing import Any

import joblib
import numpy as np
import pytest
from skops import io as skops_io

from tenuto.guard.artifacts.allowlist import allow_list
from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat
from unit.guard.artifacts.models import families

pytestmark = pytest.mark.capability("S3")

FAMILIES = [
    "logistic regression", "ridge", "stochastic gradient", "decision tree", "random forest", "gradient boosting",
    "histogram boosting", "isolation forest", "support vectors", "nearest neighbours", "ball tree", "naive bayes",
    "neural network", "gaussian process", "k-means", "mixture", "components", "isotonic", "calibration", "text",
    "columns", "encoders", "splines", "search", "selection", "voting", "one against rest", "approximation",
]  # fmt: skip
COMPRESSIONS: list[Any] = [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)]


@cache
def models() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few iterations, on purpose
        return families()


def accepted(content: bytes, declared: DeclaredFormat) -> FileFormat:
    verdict = scan_model_file(io.BytesIO(content), declared)
    assert verdict.findings == ()
    assert verdict.allowed
    assert verdict.verdict().allowed
    return verdict.format


def test_every_family_is_named_here() -> None:
    assert sorted(models()) == sorted(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_pickles_of_every_protocol_are_accepted(family: str) -> None:
    for protocol in range(2, 6):
        content = pickle.dumps(models()[family], protocol)
        assert accepted(content, DeclaredFormat.SKLEARN) is FileFormat.PICKLE
        assert accepted(pickletools.optimize(content), DeclaredFormat.SKLEARN) is FileFormat.PICKLE


@pytest.mark.parametrize("family", FAMILIES)
def test_what_joblib_writes_is_accepted(family: str) -> None:
    for compression in COMPRESSIONS:
        buffer = io.BytesIO()
        joblib.dump(models()[family], buffer, compress=compression)
        found = accepted(buffer.getvalue(), DeclaredFormat.SKLEARN)
        assert found is FileFormat.JOBLIB or (family == "encoders" and not compression)
    for protocol in range(2, 6):
        buffer = io.BytesIO()
        joblib.dump(models()[family], buffer, protocol=protocol)
        accepted(buffer.getvalue(), DeclaredFormat.SKLEARN)


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "k-means"])
def test_what_skops_writes_is_accepted_with_the_types_it_asks_about(family: str) -> None:
    content = skops_io.dumps(models()[family])
    verdict = scan_model_file(io.BytesIO(content), DeclaredFormat.SKOPS)
    assert verdict.findings == ()
    assert verdict.allowed
    assert verdict.format is FileFormat.SKOPS
    asked = set(skops_io.get_untrusted_types(data=content))
    assert asked <= {name.replace(":", ".") for name in verdict.names}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [
            1,
            2.5,
            "text",
            b"bytes",
            (),
            {"a": {1, 2}},
            frozenset({1}),
            bytearray(b"x"),
            2**80,
            -1,
            slice(1, 2),
        ],
        {"array": np.arange(6).reshape(2, 3), "order": np.asfortranarray(np.ones((2, 3)))},
        [np.float32(1.5), np.str_("text"), np.datetime64("2026-01-01", "D"), np.timedelta64(5, "s")],
        np.array([(1, 2.0, "a")], dtype=np.dtype([("x", "i4"), ("y", "f8"), ("z", "U3")], align=True)),
        np.array([([1, 2],)], dtype=[("pair", "i8", (2,))]),
        np.array(["a", None, 3], dtype=object),
        np.array(["one", "three"]),
        np.array([b"one", b"three"]),
        np.zeros((0, 3)),
        np.ma.masked_array([1, 2], mask=[True, False]),
        np.random.RandomState(1),
        np.random.default_rng(1),
        "x" * 100_000,
        b"x" * 100_000,
        [np.ones(50_000), np.ones(3)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_values_are_accepted(value: Any) -> None:
    for protocol in range(2, 6):
        accepted(pickle.dumps(value, protocol), DeclaredFormat.SKLEARN)
        buffer = io.BytesIO()
        joblib.dump(value, buffer, protocol=protocol)
        accepted(buffer.getvalue(), DeclaredFormat.SKLEARN)


@pytest.mark.parametrize("protocol", [0, 1])
def test_old_protocols_are_accepted(protocol: int) -> None:
    for family in ("logistic regression", "random forest", "nearest neighbours"):
        accepted(pickle.dumps(models()[family], protocol), DeclaredFormat.SKLEARN)


def test_a_recursive_object_is_accepted() -> None:
    model: dict[str, Any] = {}
    model["self"] = (model, [model])
    for protocol in range(2, 6):
        accepted(pickle.dumps(model, protocol), DeclaredFormat.SKLEARN)


def test_what_a_reader_asks_for_is_what_the_verdict_names() -> None:
    class Recording(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            asked.add(f"{module}:{name}")
            return super().find_class(module, name)

    for family in ("columns", "search", "random forest"):
        for protocol in (2, 4, 5):
            asked: set[str] = set()
            content = pickle.dumps(models()[family], protocol)
            Recording(io.BytesIO(content)).load()
            verdict = scan_model_file(io.BytesIO(content), DeclaredFormat.SKLEARN)
            assert asked == set(verdict.names)
            assert verdict.policy_version == allow_list("sklearn").version
