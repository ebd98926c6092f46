from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tenuto.core.errors import Fault, TenutoError
from tenuto.serving.errors import REQUEST_MALFORMED, REQUEST_OUTPUT, REQUEST_PARAMETER, REQUEST_TENSOR
from tenuto.serving.protocol.decode import decode_request
from tenuto.serving.words import Datatype, Signature, TensorSpec

SIGNATURE = Signature(
    inputs=(TensorSpec("x", Datatype.FP32, (-1, 2)), TensorSpec("name", Datatype.BYTES, (-1,))),
    outputs=(TensorSpec("label", Datatype.INT64, (-1,)), TensorSpec("scores", Datatype.FP32, (-1, 3))),
)
X = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
NAME = {"name": "name", "shape": [1], "datatype": "BYTES", "data": ["a"]}


def _decode(message: dict[str, Any], tail: bytes = b"") -> Any:
    text = json.dumps(message).encode()
    return decode_request(text + tail, SIGNATURE, len(text) if tail else None)


def _request(**more: Any) -> dict[str, Any]:
    return {"inputs": [X, NAME], **more}


def test_a_plain_request_asks_for_all_outputs_as_json() -> None:
    call = _decode(_request(id="7"))
    assert (call.id, call.rows, call.outputs, call.binary) == ("7", 1, ("label", "scores"), frozenset())
    assert call.inputs["x"].tolist() == [[1, 2]]
    assert call.inputs["name"].tolist() == ["a"]
    assert call.timeout_seconds is None


def test_inputs_may_come_in_any_order_and_binary_ones_take_their_bytes_in_that_order() -> None:
    numbers = np.array([[5, 6]], dtype="<f4").tobytes()
    texts = b"\x02\0\0\0zz"
    inputs = [
        {"name": "name", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(texts)}},
        {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": len(numbers)}},
    ]
    call = _decode({"inputs": inputs}, texts + numbers)
    assert call.inputs["x"].tolist() == [[5, 6]]
    assert call.inputs["name"].tolist() == ["zz"]


def test_outputs_are_chosen_by_name_and_binary_each_by_itself() -> None:
    wanted = [{"name": "scores", "parameters": {"binary_data": False}}, {"name": "label"}]
    call = _decode(_request(outputs=wanted, parameters={"binary_data_output": True}))
    assert call.outputs == ("scores", "label")
    assert call.binary == {"label"}
    assert _decode(_request(parameters={"binary_data_output": True})).binary == {"label", "scores"}


def test_what_others_add_is_kept_apart_and_the_timeout_is_in_microseconds() -> None:
    call = _decode(_request(parameters={"timeout": 1500, "b": 1, "a": "np"}, more={"from": "elsewhere"}))
    assert call.timeout_seconds == 0.0015
    assert call.parameters == b'{"a":"np","b":1}'


@pytest.mark.parametrize(
    ("message", "fault", "said"),
    [
        ({}, REQUEST_MALFORMED, "missing required field `inputs`"),
        ({"inputs": {}}, REQUEST_MALFORMED, "Expected `array`"),
        ({"inputs": [X, {**NAME, "shape": [1.5]}]}, REQUEST_MALFORMED, "$.inputs[1].shape[0]"),
        ({"inputs": [X]}, REQUEST_TENSOR, "'name': missing"),
        ({"inputs": [X, {**NAME, "shape": [2], "data": ["a", "b"]}]}, REQUEST_TENSOR, "2 rows, but"),
        ({"inputs": [X, {**NAME, "data": None}]}, REQUEST_TENSOR, "nested 0 deep"),
        ({"inputs": [{**X, "shape": [1, 2**40]}, NAME]}, REQUEST_TENSOR, "expected [-1, 2]"),
        ({"inputs": [{**X, "data": [1e300, 1]}, NAME]}, REQUEST_TENSOR, "[0, 0] is not finite"),
        (
            {"inputs": [{k: v for k, v in X.items() if k != "data"}, NAME]},
            REQUEST_TENSOR,
            "neither `data` nor `binary_data_size`",
        ),
        (
            {"inputs": [{**X, "parameters": {"binary_data_size": 8}}, NAME]},
            REQUEST_TENSOR,
            "both `data` and",
        ),
        (_request(outputs=[{"name": "x"}]), REQUEST_OUTPUT, "gives label, scores"),
        (_request(outputs=[{"name": "label"}] * 2), REQUEST_OUTPUT, "each once"),
        (_request(parameters={"sequence_id": 1}), REQUEST_PARAMETER, "sequence_id"),
        (_request(parameters={"binary_data_output": 1}), REQUEST_PARAMETER, "true or false"),
        (_request(parameters={"timeout": -1}), REQUEST_PARAMETER, "positive number of microseconds"),
        (_request(parameters={"timeout": True}), REQUEST_PARAMETER, "positive number of microseconds"),
        (
            {"inputs": [{**X, "parameters": {"shared_memory_region": "r"}}, NAME]},
            REQUEST_PARAMETER,
            "shared_memory_region",
        ),
        (
            _request(outputs=[{"name": "label", "parameters": {"classification": 2}}]),
            REQUEST_PARAMETER,
            "classification",
        ),
    ],
)
def test_a_wrong_message_is_told(message: dict[str, Any], fault: Fault, said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        _decode(message)
    assert caught.value.fault is fault
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("size", "said"), [("8", "not a number of bytes"), (-1, "not a number"), (9, "only 8")]
)
def test_a_wrong_binary_size_is_told(size: Any, said: str) -> None:
    x = {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    with pytest.raises(TenutoError, match=said):
        _decode({"inputs": [x, NAME]}, bytes(8))


def test_bytes_behind_the_last_tensor_are_told() -> None:
    with pytest.raises(TenutoError, match="3 bytes follow the last tensor"):
        _decode(_request(), b"abc")


@pytest.mark.parametrize("length", [-1, 10_000])
def test_a_header_length_outside_the_body_is_told(length: int) -> None:
    with pytest.raises(TenutoError) as caught:
        decode_request(b"{}", SIGNATURE, length)
    assert caught.value.fault is REQUEST_MALFORMED
