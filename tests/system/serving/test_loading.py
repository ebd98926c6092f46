"""Native models that must not, or cannot, be loaded: each is told, and no process stays behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from support.serving_models import cancer, cleared, iris, moody, scaled_regression, spec_of
from tenuto.core.clock import SystemClock
from tenuto.core.digests import digest_of
from tenuto.core.errors import Fault, TenutoError
from tenuto.core.words import Effect
from tenuto.serving.conversion.offline import offline_predict
from tenuto.serving.errors import (
    MODEL_CRASHED,
    MODEL_DIGEST,
    MODEL_FILE,
    MODEL_LOAD,
    MODEL_NOT_CLEARED,
    MODEL_SAMPLE,
    MODEL_SIGNATURE,
    MODEL_TYPES,
    MODEL_UNREADABLE,
)
from tenuto.serving.models.loading import Loader
from tenuto.serving.models.native import NativeSettings
from tenuto.serving.words import Datatype, ModelFormat, ModelSpec, Tensor

pytestmark = [pytest.mark.system, pytest.mark.capability("S3")]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    before = _children()
    yield
    assert _children() == before


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    return spec_of(scaled_regression(), cancer()[0], tmp_path_factory.mktemp("model"), native=True)


def _children() -> set[str]:
    return {
        pid for tasks in Path("/proc/self/task").iterdir() for pid in (tasks / "children").read_text().split()
    }


def _refusal(spec: ModelSpec, **settings: Any) -> TenutoError:
    loader = Loader(NativeSettings(**settings), SystemClock())
    with pytest.raises(TenutoError) as caught:
        asyncio.run(loader.load(spec))
    return caught.value


def _with_file(spec: ModelSpec, folder: Path, content: bytes) -> ModelSpec:
    (folder / "file").write_bytes(content)
    return msgspec.structs.replace(spec, path=str(folder / "file"), digest=digest_of(content))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"digest": "sha256:" + "0" * 64}, MODEL_DIGEST),
        ({"path": "/nowhere/at/all"}, MODEL_FILE),
        ({"format": ModelFormat.PICKLE}, MODEL_NOT_CLEARED),
        ({"expected": (Tensor("label", Datatype.INT64, (2,), (1, 1)),)}, MODEL_SAMPLE),
    ],
)
def test_a_model_that_is_not_what_was_said_is_refused(
    native: ModelSpec, change: dict[str, Any], fault: Fault
) -> None:
    assert _refusal(msgspec.structs.replace(native, **change)).fault is fault


def test_a_signature_of_another_model_is_refused(native: ModelSpec) -> None:
    outputs = tuple(
        msgspec.structs.replace(spec, datatype=Datatype.FP32) for spec in native.signature.outputs
    )
    signature = msgspec.structs.replace(native.signature, outputs=outputs)
    assert _refusal(msgspec.structs.replace(native, signature=signature)).fault is MODEL_SIGNATURE


def test_a_file_that_is_none_of_its_format_is_refused(native: ModelSpec, tmp_path: Path) -> None:
    assert _refusal(_with_file(native, tmp_path, b"garbage")).fault is MODEL_UNREADABLE


def test_types_that_nobody_allowed_are_named(tmp_path: Path) -> None:
    rows, truth = iris()
    model = KNeighborsClassifier(3, algorithm="kd_tree").fit(rows, truth)
    spec = spec_of(model, rows, tmp_path, native=True, trusted_types=())
    error = _refusal(spec)
    assert error.fault is MODEL_TYPES
    assert "sklearn.neighbors._kd_tree.KDTree" in error.detail


def test_a_pickle_the_guard_refused_is_not_opened(tmp_path: Path) -> None:
    spec = moody(signal.raise_signal, Datatype.INT64, tmp_path)
    content = Path(spec.path).read_bytes()
    error = _refusal(msgspec.structs.replace(spec, clearance=cleared(content, Effect.DENY)))
    assert error.fault is MODEL_NOT_CLEARED


def test_a_pickle_that_names_more_than_its_clearance_is_stopped_in_its_process(tmp_path: Path) -> None:
    spec = moody(signal.raise_signal, Datatype.INT64, tmp_path)
    assert spec.clearance is not None
    names = tuple(name for name in spec.clearance.allowed_globals if not name.startswith("_signal"))
    clearance = msgspec.structs.replace(spec.clearance, allowed_globals=names)
    error = _refusal(msgspec.structs.replace(spec, clearance=clearance))
    assert error.fault is MODEL_TYPES
    assert "raise_signal" in error.detail


def test_a_model_that_dies_on_its_sample_is_refused(tmp_path: Path) -> None:
    spec = moody(signal.raise_signal, Datatype.INT64, tmp_path)
    deadly = (Tensor("value", Datatype.INT64, (1, 1), (int(signal.SIGABRT),)),)
    error = _refusal(msgspec.structs.replace(spec, sample=deadly))
    assert error.fault is MODEL_CRASHED
    assert "signal 6" in error.detail


def test_a_process_without_the_memory_it_needs_is_told_as_such(native: ModelSpec) -> None:
    error = _refusal(native, memory_bytes=64 << 20)
    assert error.fault is MODEL_LOAD
    assert "the process ended with" in error.detail


def test_a_process_that_takes_too_long_is_ended(native: ModelSpec) -> None:
    error = _refusal(native, start_seconds=0.05)
    assert error.fault is MODEL_LOAD
    assert "no answer within 0.05 s" in error.detail


def test_offline_predictions_of_a_cleared_pickle(tmp_path: Path) -> None:
    spec = moody(signal.raise_signal, Datatype.INT64, tmp_path)
    assert offline_predict(spec, np.array([[0]]))["transformed"].tolist() == [[0.0]]
    with pytest.raises(TenutoError) as caught:
        offline_predict(spec, np.array([[int(signal.SIGABRT)]]))
    assert caught.value.fault is MODEL_CRASHED
