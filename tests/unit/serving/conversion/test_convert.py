"""Which estimators become ONNX, which do not, and that the figures decide it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    Lasso,
    LinearRegression,
    LogisticRegression,
    QuantileRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from support.serving_models import cancer, iris, scaled_regression
from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.convert import convert
from tenuto.serving.conversion.onnx import to_onnx
from tenuto.serving.conversion.package import package_estimator
from tenuto.serving.conversion.parity import check_parity, require_parity
from tenuto.serving.conversion.signatures import infer_signature
from tenuto.serving.errors import CONVERSION_IMPOSSIBLE, CONVERSION_PARITY
from tenuto.serving.words import Datatype, ModelFormat

pytestmark = pytest.mark.capability("M3")

CLASSIFIERS: dict[str, Any] = {
    "logistic regression": LogisticRegression(),
    "scaled logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "random forest": RandomForestClassifier(20, random_state=0),
    "extra trees": ExtraTreesClassifier(10, random_state=0),
    "histogram gradient boosting": HistGradientBoostingClassifier(max_iter=20),
    "gradient boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "adaboost": AdaBoostClassifier(n_estimators=5, random_state=0),
    "decision tree": DecisionTreeClassifier(random_state=0),
    "naive Bayes": GaussianNB(),
    "neural network": make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=50, random_state=0)),
    "support vectors": make_pipeline(StandardScaler(), SVC()),
    "linear support vectors": make_pipeline(StandardScaler(), LinearSVC(random_state=0)),
    "stochastic gradient": make_pipeline(StandardScaler(), SGDClassifier(random_state=0)),
    "ridge": RidgeClassifier(),
    "calibrated": CalibratedClassifierCV(GaussianNB()),
    "stacked": StackingClassifier([("nb", GaussianNB()), ("tree", DecisionTreeClassifier(random_state=0))]),
}
REGRESSORS: dict[str, Any] = {
    "linear": LinearRegression(),
    "ridge": Ridge(),
    "lasso": Lasso(),
    "Bayesian ridge": BayesianRidge(),
    "quantile": QuantileRegressor(),
    "polynomial": make_pipeline(PolynomialFeatures(2), Ridge()),
    "random forest": RandomForestRegressor(10, random_state=0),
    "gradient boosting": GradientBoostingRegressor(n_estimators=10, random_state=0),
    "histogram gradient boosting": HistGradientBoostingRegressor(max_iter=20),
    "support vectors": make_pipeline(StandardScaler(), SVR()),
    "neighbours": KNeighborsRegressor(),
    "Gaussian process": GaussianProcessRegressor(random_state=0),
}


def _fit(estimator: Any, rows: Any, truth: Any = None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small networks do not converge, and need not
        return estimator.fit(rows, truth)


def _is_onnx(estimator: Any, rows: Any) -> Any:
    packaged = package_estimator(estimator, rows)
    made = packaged.conversion
    assert made.format is ModelFormat.ONNX, made.refused
    assert made.parity is not None
    assert made.parity.passed
    assert made.parity.rows == len(rows)
    assert all(output.max_difference <= made.parity.tolerance for output in made.parity.outputs)
    return packaged


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_become_onnx_without_one_changed_label(name: str) -> None:
    rows, truth = cancer()
    packaged = _is_onnx(_fit(CLASSIFIERS[name], rows, truth), rows)
    assert packaged.signature.classes == ("0", "1")
    assert packaged.signature.outputs[0].name == "label"
    assert packaged.conversion.parity.outputs[0].changed == 0


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_become_onnx_within_the_tolerance(name: str) -> None:
    rows, truth = (part[:200] for part in load_diabetes(return_X_y=True))
    packaged = _is_onnx(_fit(REGRESSORS[name], rows, truth), rows)
    assert [(spec.name, spec.shape) for spec in packaged.signature.outputs] == [("prediction", (-1, 1))]


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (KMeans(3, n_init=1, random_state=0), ["label"]),
        (IsolationForest(n_estimators=10, random_state=0), ["label", "scores"]),
        (PCA(2), ["transformed"]),
    ],
)
def test_other_kinds_become_onnx_too(estimator: Any, names: list[str]) -> None:
    rows, _ = iris()
    packaged = _is_onnx(_fit(estimator, rows), rows)
    assert [spec.name for spec in packaged.signature.outputs] == names


@pytest.mark.parametrize(
    "estimator",
    [LinearDiscriminantAnalysis(), QuadraticDiscriminantAnalysis(), LogisticRegression(max_iter=999)],
)
@pytest.mark.parametrize("labels", [None, np.array(["setosa", "versicolor", "virginica"])])
def test_several_classes_and_labels_of_text(estimator: Any, labels: Any) -> None:
    rows, truth = iris()
    packaged = _is_onnx(_fit(estimator, rows, truth if labels is None else labels[truth]), rows)
    assert len(packaged.signature.classes) == 3
    assert packaged.signature.outputs[0].datatype is (Datatype.INT64 if labels is None else Datatype.BYTES)


def test_single_precision_integers_and_gaps() -> None:
    rows, truth = cancer()
    single = rows.astype(np.float32)
    scaled = _fit(make_pipeline(StandardScaler(), LogisticRegression()), single, truth)
    assert _is_onnx(scaled, single).signature.inputs[0].datatype is Datatype.FP32
    digits, numbers = (part[:300] for part in load_digits(return_X_y=True))
    whole = digits.astype(np.int64)
    packaged = _is_onnx(_fit(DecisionTreeClassifier(random_state=0), whole, numbers), whole)
    assert packaged.signature.inputs[0].datatype is Datatype.INT64
    gaps = rows.copy()
    gaps[::7, 3] = np.nan
    for model in (
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
        HistGradientBoostingClassifier(max_iter=5),
    ):
        assert _is_onnx(_fit(model, gaps, truth), gaps).signature.inputs[0].missing


def test_a_table_of_mixed_columns_becomes_one_tensor_per_column() -> None:
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "age": random.normal(40, 10, 200),
            "visits": random.integers(0, 9, 200),
            "city": random.choice(["Paris", "Lyon"], 200),
        }
    )
    truth = table["age"].to_numpy() > 40
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("n", StandardScaler(), ["age", "visits"]), ("c", encoder, ["city"])])
    model = _fit(make_pipeline(columns, LogisticRegression()), table, truth)
    packaged = package_estimator(model, table)
    assert [spec.name for spec in packaged.signature.inputs] == ["age", "visits", "city"]
    assert packaged.conversion.parity is not None or packaged.conversion.refused
    assert packaged.signature.outputs[0].datatype is Datatype.BOOL


def test_what_onnx_gets_wrong_is_served_natively_with_the_figures() -> None:
    """The converter of a two-class discriminant analysis gives other probabilities than scikit-learn."""
    rows, truth = cancer()
    model = LinearDiscriminantAnalysis().fit(rows, truth)
    made = convert(model, rows, infer_signature(model, rows))
    assert made.format is ModelFormat.SKOPS
    assert made.parity is None
    assert any("probabilities: 4" in reason and "allowed 1e-05" in reason for reason in made.refused)


@pytest.mark.parametrize(
    ("estimator", "rows", "truth"),
    [
        (
            make_pipeline(TfidfVectorizer(), LogisticRegression()),
            np.array(["a bc", "d ef"] * 5, dtype=object),
            [0, 1] * 5,
        ),
        (RandomForestClassifier(3), iris()[0], np.c_[iris()[1] == 0, iris()[1] == 1].astype(int)),
    ],
)
def test_what_has_no_conversion_is_served_natively_with_the_obstacle(
    estimator: Any, rows: Any, truth: Any
) -> None:
    packaged = package_estimator(_fit(estimator, rows, truth), rows)
    assert packaged.conversion.format is ModelFormat.SKOPS
    assert packaged.conversion.refused


def test_a_conversion_of_another_model_is_refused_with_the_figures() -> None:
    rows, _ = cancer()
    model = scaled_regression()
    other = scaled_regression(C=1e-4)
    signature = infer_signature(model, rows)
    report = check_parity(to_onnx(other, rows, signature), model, rows, signature)
    assert not report.passed
    assert report.outputs[0].changed == (model.predict(rows) != other.predict(rows)).sum() > 0
    assert report.outputs[1].max_difference == pytest.approx(
        np.abs(model.predict_proba(rows) - other.predict_proba(rows)).max()
    )
    with pytest.raises(TenutoError) as caught:
        require_parity(report)
    assert caught.value.fault is CONVERSION_PARITY
    assert "of 569 rows differ" in caught.value.detail


def test_a_file_that_does_not_run_fails_its_parity() -> None:
    rows, truth = iris()
    model = LogisticRegression(max_iter=999).fit(rows, truth)
    report = check_parity(b"garbage", model, rows, infer_signature(model, rows))
    assert not report.passed
    assert "ONNXRuntimeError" in report.reason


def test_to_onnx_tells_the_obstacles_of_every_way() -> None:
    texts = np.array([["a"], [None], ["b"]], dtype=object)
    encoder = OneHotEncoder(sparse_output=False).fit(texts)
    with pytest.raises(TenutoError) as caught:
        to_onnx(encoder, texts, infer_signature(encoder, texts))
    assert caught.value.fault is CONVERSION_IMPOSSIBLE
    assert "no missing text" in caught.value.detail


def test_the_same_model_becomes_the_same_bytes() -> None:
    rows, truth = iris()
    model = DecisionTreeClassifier(random_state=0).fit(rows, truth)
    assert (
        package_estimator(model, rows).conversion.digest == package_estimator(model, rows).conversion.digest
    )
