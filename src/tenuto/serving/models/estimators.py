"""What a scikit-learn estimator answers, under one set of output names whatever its kind.

classifier        label, and probabilities (or scores, where it has a decision function only)
regressor         prediction, one column per target
outlier detector  label (1 or -1), scores
clusterer         label
transformer       transformed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_SIGNATURE
from tenuto.serving.words import Datatype, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenuto.serving.protocol.arrays import Array

_METHODS = {
    "label": "predict",
    "prediction": "predict",
    "probabilities": "predict_proba",
    "scores": "decision_function",
    "transformed": "transform",
}


def output_names(estimator: Any) -> tuple[str, ...]:
    """The outputs this kind of estimator has. Raises ``MODEL_SIGNATURE`` when it has none."""
    from sklearn.base import is_classifier, is_outlier_detector, is_regressor

    if is_regressor(estimator):
        return ("prediction",)
    if is_outlier_detector(estimator):
        return tuple(name for name in ("label", "scores") if hasattr(estimator, _METHODS[name]))
    if is_classifier(estimator):
        return ("label", *_confidence(estimator))
    if hasattr(estimator, "predict"):
        return ("label",)
    if hasattr(estimator, "transform"):
        return ("transformed",)
    raise TenutoError(MODEL_SIGNATURE, f"{type(estimator).__name__} neither predicts nor transforms")


def _confidence(estimator: Any) -> tuple[str, ...]:
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, list):
        return ()  # several targets: their probabilities are as many matrices, of different widths
    for name in ("probabilities", "scores"):
        if hasattr(estimator, _METHODS[name]):
            return (name,)
    return ()


def answer(estimator: Any, features: Any, wanted: Sequence[str]) -> dict[str, Array]:
    """Compute the wanted outputs, and only those, as arrays of the forms above."""
    import numpy as np

    outputs: dict[str, Array] = {}
    for name in wanted:
        found = getattr(estimator, _METHODS[name])(features)
        array = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
        if array.ndim == 1 and name != "label":
            array = array.reshape(-1, 1)
        outputs[name] = _plain(array)
    return outputs


def _plain(array: Array) -> Array:
    """Text of any kind as an object array of str: the one form that BYTES has in memory."""
    if array.dtype.kind in "UST":
        return array.astype(object)
    return array


def features_of(estimator: Any, signature: Signature, inputs: Mapping[str, Array]) -> Any:
    """Give the estimator the kind of sample it was fitted on: a matrix, a table, or a list of texts."""
    if len(signature.inputs) > 1 or signature.inputs[0].name in _fitted_names(estimator):
        return _table({spec.name: inputs[spec.name].ravel() for spec in signature.inputs})
    spec = signature.inputs[0]
    array = inputs[spec.name]
    names = _fitted_names(estimator)
    if array.ndim == 2 and len(names) == array.shape[1]:
        return _table({name: array[:, place] for place, name in enumerate(names)})
    if spec.datatype is Datatype.BYTES and array.ndim == 1:
        return array.tolist()
    return array


def _fitted_names(estimator: Any) -> list[str]:
    return [str(name) for name in getattr(estimator, "feature_names_in_", ())]


def _table(columns: Mapping[str, Array]) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(column) for name, column in columns.items()})


def run_serially(estimator: Any) -> None:
    """A request is too small to share among threads, and the process may start none."""
    if not hasattr(estimator, "get_params"):
        return
    parameters = estimator.get_params(deep=True)
    serial = {
        name: 1
        for name, value in parameters.items()
        if name.rpartition("__")[2] == "n_jobs" and value not in {None, 1}
    }
    if serial:
        estimator.set_params(**serial)
