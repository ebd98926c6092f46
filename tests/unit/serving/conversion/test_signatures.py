from __future__ import annotations

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LinearRegression, LogisticRegression

from support.serving_models import iris
from tenuto.serving.conversion.signatures import describe_model, infer_signature
from tenuto.serving.models.proof import as_array
from tenuto.serving.words import Datatype, TensorSpec


def test_a_classifier_is_described_with_its_classes_and_first_rows() -> None:
    rows, truth = iris()
    model = LogisticRegression(max_iter=999).fit(rows, truth)
    described = describe_model(model, rows, stored_rows=3)
    assert described.signature.inputs == (TensorSpec("input", Datatype.FP64, (-1, 4)),)
    assert described.signature.outputs == (
        TensorSpec("label", Datatype.INT64, (-1,)),
        TensorSpec("probabilities", Datatype.FP64, (-1, 3)),
    )
    assert described.signature.classes == ("0", "1", "2")
    assert np.array_equal(as_array(described.sample[0]), rows[:3])
    assert np.array_equal(as_array(described.expected[1]), model.predict_proba(rows[:3]))


def test_several_targets_are_several_columns() -> None:
    rows, truth = iris()
    model = LinearRegression().fit(rows, np.c_[truth, truth * 2])
    signature = infer_signature(model, rows)
    assert signature.outputs == (TensorSpec("prediction", Datatype.FP64, (-1, 2)),)
    assert signature.classes == ()


def test_the_columns_of_a_table_are_remembered_by_name() -> None:
    rows, truth = iris()
    table = pa.table({name: rows[:, place] for place, name in enumerate("abcd")})
    signature = infer_signature(LogisticRegression(max_iter=999).fit(table, truth), table)
    assert signature.features == ("a", "b", "c", "d")
