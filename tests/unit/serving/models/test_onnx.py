from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper

from tenuto.core.clock import SystemClock
from tenuto.core.digests import digest_of
from tenuto.core.errors import Fault, TenutoError
from tenuto.serving.errors import (
    MODEL_DEADLINE,
    MODEL_DIGEST,
    MODEL_SAMPLE,
    MODEL_SIGNATURE,
    MODEL_UNREADABLE,
)
from tenuto.serving.models.onnx import OnnxEngine, OnnxModel, open_session
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.words import Datatype, ModelFormat, ModelSpec, Signature, Tensor, TensorSpec


@pytest.fixture
def engine() -> Iterator[OnnxEngine]:
    running = OnnxEngine(SystemClock())
    yield running
    running.close()


def _value(name: str, kind: int = TensorProto.FLOAT, shape: Any = (None, 1)) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: Any = ()) -> bytes:
    graph = helper.make_graph(nodes, "test", inputs, outputs, initializer=list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def _doubler() -> bytes:
    return _model([helper.make_node("Add", ["x", "x"], ["y"])], [_value("x")], [_value("y")])


def _looper() -> bytes:
    """Turns as many times as its input says."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["v"], ["w"]),
        ],
        "body",
        [_value("i", TensorProto.INT64, ()), _value("go", TensorProto.BOOL, ()), _value("v")],
        [_value("go_on", TensorProto.BOOL, ()), _value("w")],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    flat = helper.make_tensor("flat", TensorProto.INT64, [0], [])
    nodes = [
        helper.make_node("Cast", ["x"], ["turns"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["turns", "flat"], ["count"]),
        helper.make_node("Loop", ["count", "yes", "x"], ["y"], body=body),
    ]
    return _model(nodes, [_value("x")], [_value("y")], [yes, flat])


def _spec(folder: Path, content: bytes, **fields: Any) -> ModelSpec:
    path = folder / "model.onnx"
    path.write_bytes(content)
    spec = ModelSpec(
        name="m",
        version="1",
        digest=digest_of(content),
        format=ModelFormat.ONNX,
        path=str(path),
        signature=Signature(
            (TensorSpec("x", Datatype.FP32, (-1, 1)),), (TensorSpec("y", Datatype.FP32, (-1, 1)),)
        ),
        sample=(Tensor("x", Datatype.FP32, (1, 1), (2.0,)),),
    )
    return msgspec.structs.replace(spec, **fields)


def _call(rows: int, value: float = 1.0) -> InferCall:
    return InferCall(inputs={"x": np.full((rows, 1), value, dtype=np.float32)}, rows=rows, outputs=("y",))


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_small_and_large_requests_get_their_answers(engine: OnnxEngine, tmp_path: Path, rows: int) -> None:
    async def scenario() -> None:
        model = await OnnxModel.load(_spec(tmp_path, _doubler()), engine)
        outputs = await model.predict(_call(rows))
        assert outputs["y"].shape == (rows, 1)
        assert (outputs["y"] == 2).all()
        assert model.status().requests == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("rows", [1, 1_000])
def test_a_run_that_does_not_end_is_stopped_at_its_deadline(
    engine: OnnxEngine, tmp_path: Path, rows: int
) -> None:
    async def scenario() -> None:
        model = await OnnxModel.load(_spec(tmp_path, _looper(), deadline_seconds=0.3), engine)
        call = InferCall(inputs=_call(1, 1e12).inputs, rows=rows, outputs=("y",))
        with pytest.raises(TenutoError) as caught:
            await model.predict(call)
        assert caught.value.fault is MODEL_DEADLINE
        assert (await model.predict(_call(1, 3)))["y"].shape == (1, 1)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        ({"digest": "sha256:" + "1" * 64}, MODEL_DIGEST, "expected sha256:1111"),
        ({"expected": (Tensor("y", Datatype.FP32, (1, 1), (5.0,)),)}, MODEL_SAMPLE, "'y' differs"),
        (
            {"signature": Signature((TensorSpec("x", Datatype.FP64, (-1, 1)),), ())},
            MODEL_SIGNATURE,
            "input 'x' is tensor(float), expected tensor(double)",
        ),
        ({"signature": Signature((), ())}, MODEL_SIGNATURE, "the model also needs x"),
        (
            {
                "signature": Signature(
                    (TensorSpec("x", Datatype.FP32, (-1, 1)),), (TensorSpec("z", Datatype.FP32, (-1, 1)),)
                )
            },
            MODEL_SIGNATURE,
            "no output 'z'",
        ),
    ],
)
def test_a_model_that_is_not_what_was_said_is_refused(
    engine: OnnxEngine, tmp_path: Path, change: dict[str, Any], fault: Fault, said: str
) -> None:
    with pytest.raises(TenutoError) as caught:
        asyncio.run(OnnxModel.load(_spec(tmp_path, _doubler(), **change), engine))
    assert caught.value.fault is fault
    assert said in caught.value.detail


def test_garbage_is_told() -> None:
    with pytest.raises(TenutoError) as caught:
        open_session(b"garbage")
    assert caught.value.fault is MODEL_UNREADABLE


def test_weights_in_another_file_are_not_read_because_no_digest_covers_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").write_bytes(np.ones(1, dtype=np.float32).tobytes())
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value="weights")
    content = _model([helper.make_node("Add", ["x", "w"], ["y"])], [_value("x")], [_value("y")], [weights])
    with pytest.raises(TenutoError, match="External data path does not exist") as caught:
        open_session(content)
    assert caught.value.fault is MODEL_UNREADABLE
