from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tenuto.serving.conversion.parity import compare
from tenuto.serving.words import Datatype, OutputParity, Signature, TensorSpec

SIGNATURE = Signature(
    (), (TensorSpec("label", Datatype.BYTES, (-1,)), TensorSpec("scores", Datatype.FP64, (-1, 2)))
)
LABELS = np.array(["a", "b", "a"], dtype=object)
SCORES = np.array([[0.1, 0.9], [1e6, -1e6], [np.nan, np.inf]])


def _compare(labels: Any = LABELS, scores: Any = SCORES) -> Any:
    original = {"label": LABELS, "scores": SCORES}
    return compare(original, {"label": labels, "scores": scores}, SIGNATURE, 3, 1e-5)


def test_the_same_answers_pass_gaps_and_infinities_included() -> None:
    report = _compare()
    assert report.passed
    assert report.outputs == (OutputParity("label", 0, 0.0), OutputParity("scores", 0, 0.0))


def test_large_numbers_may_differ_in_proportion() -> None:
    assert _compare(scores=SCORES + np.array([[0, 0], [5, -5], [0, 0]])).passed
    assert not _compare(scores=SCORES + np.array([[0, 0], [50, 0], [0, 0]])).passed


def test_one_changed_label_is_too_many() -> None:
    report = _compare(labels=np.array(["a", "b", "b"], dtype=object))
    assert report.outputs[0] == OutputParity("label", 1, 1.0)
    assert "label: 1 of 3 rows differ" in report.reason


@pytest.mark.parametrize("place", [(0, 0), (2, 0), (2, 1)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 5.0])
def test_a_number_a_gap_and_an_infinity_are_three_things(place: tuple[int, int], value: float) -> None:
    changed = SCORES.copy()
    if np.array_equal(changed[place], value, equal_nan=True):
        return
    changed[place] = value
    report = _compare(scores=changed)
    assert not report.passed
    assert report.outputs[1].changed == 1
