"""The same rows asked three ways: the protocol's own client, plain HTTP, and the model's bytes with no platform."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import msgspec

from tenuto.cli.demo.application import Application
from tenuto.cli.demo.data_steps import fetched
from tenuto.cli.demo.door import Door, Refused
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, Means, require, require_equal

# A tree ensemble adds up in another order when rows come in other batches.
_TOLERANCE = 1e-6
_LABELS, _PROBABILITIES = "label", "probabilities"


class Answered(msgspec.Struct, frozen=True):
    """What a version answered, row by row: labels, and probabilities of the first class."""

    version: int
    labels: list[int]
    probabilities: list[float]

    def agrees_with(self, other: Answered) -> bool:
        mine, others = self.probabilities, other.probabilities
        return len(mine) == len(others) and all(
            abs(one - another) <= _TOLERANCE for one, another in zip(mine, others, strict=True)
        )


def predict_until(stage: Stage, endpoint: str, version: int, *, over_http: bool = False) -> Answered:
    """Ask until ``version`` answers: a deployment reaches the data plane by itself, a moment later."""
    ask = _over_http if over_http else _with_client
    deadline = time.monotonic() + stage.patience
    last = "nothing answered"
    while time.monotonic() < deadline:
        try:
            answered = ask(stage, endpoint)
        except _NotYetError as error:
            last = str(error)
        else:
            if answered.version == version:
                return answered
            last = f"version {answered.version} answered"
        time.sleep(0.1)
    raise DemoFailedError(f"version {version} of `{endpoint}` does not answer: {last}")


def offline(stage: Stage, digest: str, version: int) -> Answered:
    """Predict with the registered bytes in this process."""
    import onnxruntime

    stage.uses.note("onnxruntime", Means.OFFLINE)
    session = onnxruntime.InferenceSession(
        fetched(stage, stage.scientist, digest), providers=["CPUExecutionProvider"]
    )
    [taken] = session.get_inputs()
    labels, probabilities = session.run([_LABELS, _PROBABILITIES], {taken.name: _rows()})
    return _answered(version, labels, probabilities)


class _NotYetError(Exception):
    """The endpoint does not answer, or not so far."""


def _with_client(stage: Stage, endpoint: str) -> Answered:
    import tritonclient.http as triton

    application: Application = stage.application
    rows = _rows()
    tensor = triton.InferInput("input", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows)
    try:
        answer = application.predictions.infer(endpoint, [tensor], headers=application.headers)
    except triton.InferenceServerException as error:
        raise _NotYetError(str(error)) from error
    version = int(answer.get_response()["model_version"])
    return _answered(version, answer.as_numpy(_LABELS), answer.as_numpy(_PROBABILITIES))


def _over_http(stage: Stage, endpoint: str) -> Answered:
    import numpy as np

    rows = _rows()
    tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}
    door: Door = stage.application.http
    try:
        answer = door.post(f"/v2/models/{endpoint}/infer", {"inputs": [tensor]})
    except Refused as error:
        raise _NotYetError(str(error)) from error
    outputs = {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in answer["outputs"]}
    return _answered(int(answer["model_version"]), outputs[_LABELS], outputs[_PROBABILITIES])


def _answered(version: int, labels: Any, probabilities: Any) -> Answered:
    require(len(labels) == len(probabilities), "labels and probabilities are not of the same rows")
    require_equal(len(labels), len(_rows()), "rows that were answered")
    return Answered(
        version, [int(one) for one in labels.ravel()], [float(one) for one in probabilities[:, 0]]
    )


@cache
def _rows() -> Any:
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    return np.ascontiguousarray(load_breast_cancer().data, dtype=np.float64)
