from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import UNKNOWN_ENDPOINT
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.protocol.encode import encode_answer, encode_error, model_metadata
from tenuto.serving.words import Datatype, ModelFormat, ModelSpec, Signature, TensorSpec

SIGNATURE = Signature(
    inputs=(TensorSpec("x", Datatype.FP64, (-1, 1), missing=True),),
    outputs=(TensorSpec("label", Datatype.BYTES, (-1,)), TensorSpec("scores", Datatype.FP32, (-1, 2))),
    classes=("no", "yes"),
)
SPEC = ModelSpec("m", "3", "sha256:" + "0" * 64, ModelFormat.ONNX, str(Path("m")), SIGNATURE, ())
OUTPUTS = {
    "label": np.array(["no", "yes"], dtype=object),
    "scores": np.array([[0.5, np.nan], [0.25, 1]], dtype=np.float32),
}


def _call(*outputs: str, binary: frozenset[str] = frozenset()) -> InferCall:
    return InferCall(inputs={}, rows=2, outputs=outputs, binary=binary, id="q")


def test_a_json_answer_holds_the_wanted_outputs_in_their_order() -> None:
    answer = encode_answer("e", SPEC, _call("scores", "label"), OUTPUTS)
    assert answer.json_length is None
    assert json.loads(answer.body) == {
        "model_name": "e",
        "model_version": "3",
        "id": "q",
        "outputs": [
            {"name": "scores", "datatype": "FP32", "shape": [2, 2], "data": [0.5, None, 0.25, 1.0]},
            {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["no", "yes"]},
        ],
    }


def test_binary_data_follows_the_json() -> None:
    answer = encode_answer("e", SPEC, _call("label", "scores", binary=frozenset({"scores"})), OUTPUTS)
    assert answer.json_length is not None
    message = json.loads(answer.body[: answer.json_length])
    assert message["outputs"][0]["data"] == ["no", "yes"]
    assert message["outputs"][1]["parameters"] == {"binary_data_size": 16}
    assert "data" not in message["outputs"][1]
    assert answer.body[answer.json_length :] == OUTPUTS["scores"].tobytes()


def test_an_infinite_score_is_told_not_lost() -> None:
    outputs: Any = OUTPUTS | {"scores": np.array([[np.inf, 0]], dtype=np.float32)}
    with pytest.raises(TenutoError, match="infinite"):
        encode_answer("e", SPEC, _call("scores"), outputs)


def test_metadata_names_what_a_client_needs() -> None:
    told = json.loads(model_metadata("e", SPEC, ["2", "3"]))
    assert (told["name"], told["versions"], told["platform"]) == ("e", ["2", "3"], "onnxruntime_onnx")
    assert told["inputs"] == [
        {"name": "x", "datatype": "FP64", "shape": [-1, 1], "parameters": {"missing": True}}
    ]
    assert told["parameters"]["classes"] == ["no", "yes"]


def test_an_error_is_one_text_for_people_and_parts_for_machines() -> None:
    told = json.loads(encode_error(TenutoError(UNKNOWN_ENDPOINT, "'x'")))
    assert told["error"] == f"{UNKNOWN_ENDPOINT.summary}: 'x'. {UNKNOWN_ENDPOINT.fix}"
    assert told["code"] == UNKNOWN_ENDPOINT.code
