from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tenuto.core.errors import TenutoError
from tenuto.serving.models.estimators import answer, features_of, output_names, run_serially
from tenuto.serving.words import Datatype, Signature, TensorSpec

ROWS = np.array([[0.0, 1], [1, 0], [2, 3], [3, 2]])
TWO = np.array([0, 1, 0, 1])
MATRIX = Signature((TensorSpec("input", Datatype.FP64, (-1, 2)),), ())


@pytest.mark.parametrize(
    ("estimator", "truth", "names"),
    [
        (LogisticRegression(), TWO, ("label", "probabilities")),
        (LinearSVC(), TWO, ("label", "scores")),
        (LinearRegression(), TWO, ("prediction",)),
        (IsolationForest(n_estimators=2), None, ("label", "scores")),
        (KMeans(2, n_init=1), None, ("label",)),
        (PCA(1), None, ("transformed",)),
        (RandomForestClassifier(2), np.c_[TWO, TWO], ("label",)),
    ],
)
def test_each_kind_of_estimator_has_its_outputs_with_one_row_each(
    estimator: Any, truth: Any, names: tuple[str, ...]
) -> None:
    estimator.fit(ROWS, truth)
    assert output_names(estimator) == names
    found = answer(estimator, ROWS, names)
    assert tuple(found) == names
    assert all(len(array) == len(ROWS) for array in found.values())
    assert all(array.ndim == 2 for name, array in found.items() if name != "label")


def test_what_answers_nothing_is_refused() -> None:
    with pytest.raises(TenutoError, match="neither predicts nor transforms"):
        output_names(BaseEstimator())


def test_labels_of_text_are_plain_strings() -> None:
    model = LogisticRegression().fit(ROWS, np.array(["no", "yes"])[TWO])
    label = answer(model, ROWS, ("label",))["label"]
    assert label.dtype == object
    assert {type(item) for item in label} == {str}


def test_only_what_is_wanted_is_computed() -> None:
    model = LogisticRegression().fit(ROWS, TWO)
    assert list(answer(model, ROWS, ("probabilities",))) == ["probabilities"]


def test_an_estimator_fitted_on_a_table_gets_a_table_again() -> None:
    table = pa.table({"a": ROWS[:, 0], "b": ROWS[:, 1]})
    model = LogisticRegression().fit(table, TWO)
    by_column = Signature(tuple(TensorSpec(name, Datatype.FP64, (-1, 1)) for name in "ab"), ())
    wide = features_of(model, MATRIX, {"input": ROWS})
    tall = features_of(model, by_column, {"a": ROWS[:, :1], "b": ROWS[:, 1:]})
    assert wide.equals(table)
    assert tall.equals(table)
    assert features_of(LogisticRegression().fit(ROWS, TWO), MATRIX, {"input": ROWS}) is ROWS


def test_an_estimator_of_texts_gets_a_list_of_them() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["a bc", "d ef"], [0, 1])
    texts = Signature((TensorSpec("input", Datatype.BYTES, (-1,)),), ())
    features = features_of(model, texts, {"input": np.array(["a bc"], dtype=object)})
    assert features == ["a bc"]
    assert answer(model, features, ("label",))["label"].tolist() == [0]


def test_sparse_answers_become_plain() -> None:
    vectors = TfidfVectorizer().fit(["a bc", "d ef"])
    assert answer(vectors, ["bc ef"], ("transformed",))["transformed"].shape == (1, 2)


def test_every_part_is_told_to_use_one_thread() -> None:
    model = make_pipeline(PCA(1), RandomForestClassifier(2, n_jobs=4))
    run_serially(model)
    assert model[-1].n_jobs == 1
    run_serially(object())
