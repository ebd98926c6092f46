from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tenuto.core.errors import Fault, TenutoError
from tenuto.serving.errors import MODEL_SAMPLE, MODEL_SIGNATURE
from tenuto.serving.models.proof import as_array, as_tensor, check_answer, sample_call
from tenuto.serving.words import Datatype, ModelFormat, ModelSpec, Signature, Tensor, TensorSpec

SPEC = ModelSpec(
    name="m",
    version="1",
    digest="sha256:" + "0" * 64,
    format=ModelFormat.ONNX,
    path="m",
    signature=Signature(
        (TensorSpec("x", Datatype.FP64, (-1, 2)),),
        (TensorSpec("label", Datatype.BYTES, (-1,)), TensorSpec("scores", Datatype.FP64, (-1, 1))),
    ),
    sample=(Tensor("x", Datatype.FP64, (2, 2), (1.0, 2.0, 3.0, 4.0)),),
    expected=(
        Tensor("label", Datatype.BYTES, (2,), ("a", "b")),
        Tensor("scores", Datatype.FP64, (2, 1), (1000.0, float("nan"))),
    ),
)
RIGHT = {"label": np.array(["a", "b"], dtype=object), "scores": np.array([[1000.05], [np.nan]])}


def test_the_sample_becomes_a_request_for_all_outputs() -> None:
    call = sample_call(SPEC)
    assert call.inputs["x"].tolist() == [[1, 2], [3, 4]]
    assert (call.rows, call.outputs) == (2, ("label", "scores"))


def test_a_sample_that_does_not_fit_the_signature_is_refused() -> None:
    for sample in (
        (),
        (Tensor("x", Datatype.FP32, (1, 2), (1.0, 2.0)),),
        (Tensor("x", Datatype.FP64, (1, 2), (1.0, float("inf"))),),
    ):
        with pytest.raises(TenutoError):
            sample_call(msgspec.structs.replace(SPEC, sample=sample))


def test_a_specification_survives_json() -> None:
    back = msgspec.json.decode(msgspec.json.encode(SPEC), type=ModelSpec)
    check_answer(back, sample_call(back), RIGHT)


def test_an_answer_within_the_tolerance_of_its_size_is_right() -> None:
    check_answer(SPEC, sample_call(SPEC), RIGHT)


@pytest.mark.parametrize(
    ("outputs", "fault", "said"),
    [
        ({"label": RIGHT["label"]}, MODEL_SIGNATURE, "'scores' is missing"),
        ({**RIGHT, "scores": RIGHT["scores"].ravel()}, MODEL_SIGNATURE, "expected FP64 [2, 1]"),
        ({**RIGHT, "scores": RIGHT["scores"].astype("f4")}, MODEL_SIGNATURE, "is float32 [2, 1]"),
        ({**RIGHT, "label": np.array(["a"], dtype=object)}, MODEL_SIGNATURE, "expected BYTES [2]"),
        ({**RIGHT, "label": np.array(["a", "c"], dtype=object)}, MODEL_SAMPLE, "'label' differs at [1]"),
        ({**RIGHT, "scores": np.array([[1000.2], [np.nan]])}, MODEL_SAMPLE, "'scores' differs at [0, 0]"),
        ({**RIGHT, "scores": np.array([[1000.0], [0.0]])}, MODEL_SAMPLE, "'scores' differs at [1, 0]"),
    ],
)
def test_an_answer_of_another_form_or_value_is_told(outputs: Any, fault: Fault, said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        check_answer(SPEC, sample_call(SPEC), outputs)
    assert caught.value.fault is fault
    assert said in caught.value.detail


def test_arrays_are_stored_and_read_back() -> None:
    array = np.array([[True], [False]])
    tensor = as_tensor("x", array)
    assert tensor == Tensor("x", Datatype.BOOL, (2, 1), (True, False))
    assert as_array(tensor).tolist() == array.tolist()
    with pytest.raises(TenutoError, match="datetime64"):
        as_tensor("x", np.array(["2026-01-01"], dtype="datetime64[D]"))
