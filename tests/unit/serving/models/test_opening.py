from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from support.serving_models import cleared
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Effect
from tenuto.serving.conversion.convert import to_skops
from tenuto.serving.errors import MODEL_NOT_CLEARED, MODEL_TYPES, MODEL_UNREADABLE
from tenuto.serving.models.opening import open_estimator
from tenuto.serving.words import ModelFormat, ModelSpec, Signature

pytestmark = pytest.mark.capability("S3")
ROWS = np.array([[0.0, 1], [1, 0], [2, 3], [3, 2]])
MODEL = LogisticRegression().fit(ROWS, [0, 1, 0, 1])


def _spec(content: bytes, form: ModelFormat, **fields: Any) -> ModelSpec:
    spec = ModelSpec("m", "1", digest_of(content), form, "m", Signature((), ()), ())
    return msgspec.structs.replace(spec, **fields)


class Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("exploded"),)


def test_a_skops_file_opens_with_exactly_its_types() -> None:
    content, types = to_skops(KNeighborsClassifier(2, algorithm="kd_tree").fit(ROWS, [0, 1, 0, 1]))
    assert types
    opened = open_estimator(_spec(content, ModelFormat.SKOPS, trusted_types=types), content)
    assert opened.predict(ROWS[:1]).shape == (1,)
    with pytest.raises(TenutoError) as caught:
        open_estimator(_spec(content, ModelFormat.SKOPS, trusted_types=types[:1]), content)
    assert caught.value.fault is MODEL_TYPES
    assert caught.value.context["types"] == list(types[1:])


def test_a_cleared_pickle_opens() -> None:
    content = pickle.dumps(MODEL)
    opened = open_estimator(_spec(content, ModelFormat.PICKLE, clearance=cleared(content)), content)
    assert opened.predict(ROWS).tolist() == MODEL.predict(ROWS).tolist()


def test_a_pickle_without_a_clearance_for_its_very_bytes_stays_closed() -> None:
    content = pickle.dumps(MODEL)
    other = cleared(pickle.dumps(1))
    for clearance in (None, other, cleared(content, Effect.DENY)):
        with pytest.raises(TenutoError) as caught:
            open_estimator(_spec(content, ModelFormat.PICKLE, clearance=clearance), content)
        assert caught.value.fault is MODEL_NOT_CLEARED


def test_a_name_beyond_the_clearance_is_not_even_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(Bomb())
    clearance = msgspec.structs.replace(cleared(pickle.dumps(MODEL)), digest=digest_of(content))
    with pytest.raises(TenutoError) as caught:
        open_estimator(_spec(content, ModelFormat.PICKLE, clearance=clearance), content)
    assert caught.value.fault is MODEL_TYPES
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("form", [ModelFormat.SKOPS, ModelFormat.PICKLE, ModelFormat.ONNX])
def test_what_is_no_such_file_is_told(form: ModelFormat) -> None:
    content = b"\x80\x05garbage"
    clearance = msgspec.structs.replace(cleared(pickle.dumps(1)), digest=digest_of(content))
    with pytest.raises(TenutoError) as caught:
        open_estimator(_spec(content, form, clearance=clearance), content)
    assert caught.value.fault is MODEL_UNREADABLE
