"""Small trained models, written to files and described as the prediction server wants them."""

from __future__ import annotations

import functools
import io
import operator
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tenuto.core.digests import digest_of
from tenuto.core.words import Effect, Verdict
from tenuto.serving.conversion.convert import to_skops
from tenuto.serving.conversion.package import package_estimator
from tenuto.serving.words import (
    Conversion,
    Datatype,
    ModelFormat,
    ModelSpec,
    PickleClearance,
    Signature,
    Tensor,
    TensorSpec,
)


def cancer() -> tuple[Any, Any]:
    rows, truth = load_breast_cancer(return_X_y=True)
    return rows, truth


def iris() -> tuple[Any, Any]:
    rows, truth = load_iris(return_X_y=True)
    return rows, truth


def scaled_regression(**options: Any) -> Any:
    rows, truth = cancer()
    return make_pipeline(StandardScaler(), LogisticRegression(**options)).fit(rows, truth)


def spec_of(
    estimator: Any, rows: Any, folder: Path, *, version: str = "1", native: bool = False, **fields: Any
) -> ModelSpec:
    """Package and write a model as a pipeline would, and return what the server is told."""
    packaged = package_estimator(estimator, rows)
    made = packaged.conversion
    if native:
        content, types = to_skops(estimator)
        made = Conversion(ModelFormat.SKOPS, content, digest_of(content), trusted_types=types)
    assert made.format is (ModelFormat.SKOPS if native else ModelFormat.ONNX), made.refused
    path = folder / made.digest.replace(":", "-")
    path.write_bytes(made.content)
    spec = ModelSpec(
        name="model",
        version=version,
        digest=made.digest,
        format=made.format,
        path=str(path),
        signature=packaged.signature,
        sample=packaged.sample,
        expected=packaged.expected,
        trusted_types=made.trusted_types,
    )
    return msgspec.structs.replace(spec, **fields)


class _Recorder(pickle.Unpickler):
    """Reads a pickle made by this very test, and notes which names are in it."""

    names: set[str]

    def find_class(self, module: str, name: str) -> Any:
        self.names.add(f"{module}:{name}")
        return super().find_class(module, name)


def globals_in(content: bytes) -> tuple[str, ...]:
    recorder = _Recorder(io.BytesIO(content))
    recorder.names = set()
    recorder.load()
    return tuple(sorted(recorder.names))


def cleared(content: bytes, effect: Effect = Effect.ALLOW) -> PickleClearance:
    verdict = Verdict(effect, "scanned: nothing but the listed names", "pickle-allow-list", "1")
    return PickleClearance(digest_of(content), verdict, globals_in(content))


def moody(action: Callable[[Any], Any], datatype: Datatype, folder: Path, **fields: Any) -> ModelSpec:
    """A model that does to its one value what it is told: sleep that long, or send itself that signal.

    Zero is harmless, so that it passes its sample. It takes one row at a time and refuses more.
    """
    steps = (operator.methodcaller("item"), action, functools.partial(np.zeros, (1, 1)))
    estimator = make_pipeline(*(FunctionTransformer(step) for step in steps))
    content = pickle.dumps(estimator)
    path = folder / digest_of(content).replace(":", "-")
    path.write_bytes(content)
    spec = ModelSpec(
        name="moody",
        version="m",
        digest=digest_of(content),
        format=ModelFormat.PICKLE,
        path=str(path),
        signature=Signature(
            (TensorSpec("value", datatype, (-1, 1)),),
            (TensorSpec("transformed", Datatype.FP64, (-1, 1)),),
        ),
        sample=(Tensor("value", datatype, (1, 1), (0,)),),
        clearance=cleared(content),
    )
    return msgspec.structs.replace(spec, **fields)
