"""Fitted scikit-learn models: a quick selection of families for the tests, and everything for the allow-list."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    linear_model,
    metrics,
    mixture,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401 (they register)
from sklearn.gaussian_process import kernels
from sklearn.utils import all_estimators

_random = np.random.RandomState(0)
X = _random.normal(size=(60, 5))
Y = (X[:, 0] > 0).astype(int)
THREE = np.arange(60) % 3
R = X[:, 0] * 2 + _random.normal(size=60) / 10
WORDS = ["a b c", "b c d", "hello world foo", "foo bar baz"] * 15
LOGISTIC = linear_model.LogisticRegression()


def families() -> dict[str, Any]:
    """One or more models of each family, small and quick to fit."""
    return {
        "logistic regression": LOGISTIC.fit(X, np.where(Y, "yes", "no")),
        "ridge": linear_model.Ridge().fit(X, R),
        "stochastic gradient": linear_model.SGDClassifier().fit(X, Y),
        "decision tree": tree.DecisionTreeClassifier().fit(X, np.where(Y, "yes", "no").astype(object)),
        "random forest": ensemble.RandomForestClassifier(5, random_state=np.random.RandomState(1)).fit(X, Y),
        "gradient boosting": ensemble.GradientBoostingClassifier(n_estimators=3).fit(X, THREE),
        "histogram boosting": ensemble.HistGradientBoostingRegressor(max_iter=3).fit(X, R),
        "isolation forest": ensemble.IsolationForest(n_estimators=3).fit(X),
        "support vectors": svm.SVC(probability=True).fit(scipy.sparse.csr_matrix(X), Y),
        "nearest neighbours": neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(X, Y),
        "ball tree": neighbors.KNeighborsRegressor(algorithm="ball_tree", metric="manhattan").fit(X, R),
        "naive bayes": naive_bayes.GaussianNB().fit(X, Y),
        "neural network": neural_network.MLPClassifier(max_iter=3).fit(X, Y),
        "gaussian process": gaussian_process.GaussianProcessRegressor(
            kernels.ConstantKernel() * kernels.RBF() + kernels.WhiteKernel()
        ).fit(X, R),
        "k-means": cluster.KMeans(3, n_init=1).fit(X),
        "mixture": mixture.GaussianMixture(2).fit(X),
        "components": decomposition.PCA(2).fit(X),
        "isotonic": isotonic.IsotonicRegression().fit(X[:, 0], R),
        "calibration": calibration.CalibratedClassifierCV(LOGISTIC, method="isotonic", cv=2).fit(X, Y),
        "text": pipeline.make_pipeline(
            feature_extraction.text.TfidfVectorizer(stop_words="english"), linear_model.RidgeClassifier()
        ).fit(WORDS, Y),
        "columns": pipeline.make_pipeline(
            compose.ColumnTransformer(
                [("scale", preprocessing.StandardScaler(), slice(0, 2)), ("rest", "passthrough", [2])]
            ),
            impute.SimpleImputer(),
            preprocessing.FunctionTransformer(np.arctan),
            LOGISTIC,
        ).fit(X, Y),
        "encoders": preprocessing.OneHotEncoder().fit(np.array([["a"], ["b"]], dtype=object)),
        "splines": preprocessing.SplineTransformer().fit(X),
        "search": model_selection.GridSearchCV(LOGISTIC, {"C": [0.1, 1]}, scoring="f1", cv=2).fit(X, Y),
        "selection": feature_selection.SelectKBest(feature_selection.f_classif, k=2).fit(X, Y),
        "voting": ensemble.VotingClassifier([("a", LOGISTIC), ("b", tree.DecisionTreeClassifier())]).fit(
            X, Y
        ),
        "one against rest": multiclass.OneVsRestClassifier(LOGISTIC).fit(X, THREE),
        "approximation": kernel_approximation.Nystroem(n_components=5).fit(X),
    }


def every_model() -> dict[str, Any]:
    """Every estimator of scikit-learn, fitted where plain data will do, and its main variants. Takes a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**families(), **dict(_estimators()), **dict(_variants())}


def _estimators() -> Iterator[tuple[str, Any]]:
    for name, cls in all_estimators():
        estimator = _constructed(name, cls)
        for arguments in _DATA:
            with contextlib.suppress(Exception):  # this data is not for this estimator: the next may be
                estimator.fit(*arguments)
                break
        yield name, estimator


_DATA = [
    (X, Y),
    (np.abs(X), Y),
    (X, R),
    (np.abs(X),),
    (X, np.c_[Y, Y]),
    (X, np.c_[R, R]),
    (WORDS,),
    (X[:, 0], R),
    (Y,),
    ([{"a": 1, "b": 2.0}, {"a": 3}],),
    ([["a", "b"], ["c"]],),
]


def _constructed(name: str, cls: Any) -> Any:
    inner = {"VotingRegressor": linear_model.Ridge(), "StackingRegressor": linear_model.Ridge()}
    named = [("a", inner.get(name, LOGISTIC))]
    special: dict[str, tuple[Any, ...]] = {
        "GridSearchCV": (LOGISTIC, {"C": [0.1, 1]}),
        "RandomizedSearchCV": (LOGISTIC, {"C": [0.1, 1, 2] * 4}),
        "HalvingGridSearchCV": (LOGISTIC, {"C": [0.1, 1]}),
        "HalvingRandomSearchCV": (LOGISTIC, {"C": [0.1, 1, 2]}),
        "ColumnTransformer": ([("a", preprocessing.StandardScaler(), [0, 1])],),
        "FeatureUnion": ([("a", preprocessing.StandardScaler())],),
        "Pipeline": (named,),
        "VotingClassifier": (named,),
        "StackingClassifier": (named,),
        "VotingRegressor": (named,),
        "StackingRegressor": (named,),
        "SparseCoder": (np.eye(5),),
        "MultiOutputRegressor": (linear_model.Ridge(),),
        "RegressorChain": (linear_model.Ridge(),),
    }
    try:
        return cls(*special.get(name, ()))
    except TypeError:  # it wants an estimator
        return cls(LOGISTIC)


def _variants() -> Iterator[tuple[str, Any]]:
    yield from _losses()
    yield from _neighbours()
    for scoring in metrics.get_scorer_names():
        search = model_selection.GridSearchCV(LOGISTIC, {"C": [0.1]}, scoring=scoring, cv=2, error_score=0)
        yield f"scoring {scoring}", search.fit(X, Y)
    for name in model_selection.__all__:
        splitter = getattr(model_selection, name)
        if isinstance(splitter, type) and hasattr(splitter, "split") and not name.startswith("Base"):
            arguments = {"PredefinedSplit": [[0, 1] * 30], "LeavePOut": [2], "LeavePGroupsOut": [2]}
            yield name, splitter(*arguments.get(name, []))
    for function in (
        "f_classif",
        "f_regression",
        "chi2",
        "mutual_info_classif",
        "mutual_info_regression",
        "r_regression",
    ):
        yield function, feature_selection.SelectKBest(getattr(feature_selection, function), k=2)
    yield "selector", compose.make_column_selector(dtype_include=np.number)
    for solver in ("sgd", "adam", "lbfgs"):
        yield f"network {solver}", neural_network.MLPRegressor(solver=solver, max_iter=3).fit(X, R)
    for function in ELEMENTWISE:
        yield function, preprocessing.FunctionTransformer(getattr(np, function))
    for bits in (np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64):
        yield f"generator {bits.__name__}", np.random.Generator(bits(1))
    for form in ("csr", "csc", "coo", "bsr", "dia"):
        yield f"{form} matrix", getattr(scipy.sparse, f"{form}_matrix")(X)
        yield f"{form} array", getattr(scipy.sparse, f"{form}_array")(X)
    every = [getattr(kernels, name) for name in kernels.__dict__ if isinstance(getattr(kernels, name), type)]
    plain = [
        cls()
        for cls in every
        if issubclass(cls, kernels.Kernel) and not cls.__abstractmethods__ and _is_plain(cls)
    ]
    yield "kernels", [*plain, plain[0] + plain[1], plain[0] * plain[1], plain[0] ** 2]


ELEMENTWISE = [
    "absolute",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "negative",
    "positive",
    "rad2deg",
    "radians",
    "reciprocal",
    "rint",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]


def _is_plain(kernel: Any) -> bool:
    return kernel.__name__ not in {"CompoundKernel", "Exponentiation", "Product", "Sum", "KernelOperator"}


def _losses() -> Iterator[tuple[str, Any]]:
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield f"boosting {loss}", ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2).fit(X, R)
    yield (
        "boosting exponential",
        ensemble.GradientBoostingClassifier(loss="exponential", n_estimators=2).fit(X, Y),
    )
    for loss in ("squared_error", "absolute_error", "gamma", "poisson", "quantile"):
        model = ensemble.HistGradientBoostingRegressor(loss=loss, quantile=0.5, max_iter=2)
        yield f"histogram {loss}", model.fit(X, np.abs(R) + 0.1)
    yield "histogram classes", ensemble.HistGradientBoostingClassifier(max_iter=2).fit(X, THREE)
    for loss in linear_model.SGDClassifier.loss_functions:
        yield f"gradient {loss}", linear_model.SGDClassifier(loss=loss).fit(X, Y)
    yield "tweedie", linear_model.TweedieRegressor(power=1.5).fit(X, np.abs(R) + 0.1)
    yield "gamma", linear_model.GammaRegressor().fit(X, np.abs(R) + 0.1)


def _neighbours() -> Iterator[tuple[str, Any]]:
    parameters = {"seuclidean": {"V": np.ones(5)}, "mahalanobis": {"V": np.eye(5)}, "minkowski": {"p": 3}}
    for metric in neighbors.VALID_METRICS["ball_tree"]:
        data = X[:, :2] if metric == "haversine" else X
        if metric not in {"pyfunc", "wminkowski"}:
            model = neighbors.NearestNeighbors(
                algorithm="ball_tree", metric=metric, metric_params=parameters.get(metric)
            )
            for width in (np.float64, np.float32):
                with contextlib.suppress(ValueError):  # a metric without this width
                    yield f"{metric} {width.__name__}", model.fit(data.astype(width))
    for kernel in ("gaussian", "tophat"):
        yield f"density {kernel}", neighbors.KernelDensity(kernel=kernel).fit(X)
