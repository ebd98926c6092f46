from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, ScanVerdict

pytestmark = pytest.mark.capability("S3")


def scan(content: bytes) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), DeclaredFormat.ONNX)


def model(**changes: Any) -> onnx.ModelProto:
    """A model that adds a constant, with changes to its node."""
    constant = numpy_helper.from_array(np.ones(2, np.float32), "one")
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])]
    node = helper.make_node("Add", ["x", "one"], ["y"], **changes)
    return helper.make_model(helper.make_graph([node], "g", inputs, outputs, [constant]))


def external(tensor: onnx.TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


@pytest.mark.parametrize("estimator", [LogisticRegression(), RandomForestClassifier(3)])
def test_converted_models_are_accepted(estimator: Any, tmp_path: Path) -> None:
    features = np.random.RandomState(0).normal(size=(30, 3)).astype(np.float32)
    content = to_onnx(estimator.fit(features, features[:, 0] > 0), features[:1]).SerializeToString()
    verdict = scan(content)
    assert verdict.findings == ()
    assert verdict.format is FileFormat.ONNX
    (tmp_path / "model.onnx").write_bytes(content)
    assert scan_model_file(tmp_path / "model.onnx", DeclaredFormat.ONNX).allowed


def test_weights_in_other_files_are_refused_wherever_they_stand() -> None:
    initializer = model()
    external(initializer.graph.initializer[0])
    attribute = model()
    value = attribute.graph.node[0].attribute.add(name="value", type=onnx.AttributeProto.TENSOR)
    value.t.CopyFrom(numpy_helper.from_array(np.ones(2, np.float32), "t"))
    external(value.t)
    inner = model()
    branch = inner.graph.node[0].attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
    branch.g.CopyFrom(initializer.graph)
    sparse = model()
    external(sparse.graph.sparse_initializer.add().values)
    function = model()
    function.functions.add(name="f", domain="own").node.add().attribute.add().t.CopyFrom(
        initializer.graph.initializer[0]
    )
    training = model()
    training.training_info.add().algorithm.CopyFrom(initializer.graph)
    for content in (initializer, attribute, inner, sparse, function, training):
        assert scan(content.SerializeToString()).rule == "onnx.external_data"


def test_operators_of_foreign_libraries_are_refused() -> None:
    assert scan(model(domain="evil.ops").SerializeToString()).rule == "onnx.operator"
    imported = model()
    imported.opset_import.add(domain="evil.ops", version=1)
    assert scan(imported.SerializeToString()).rule == "onnx.operator"


def test_functions_of_the_model_itself_are_accepted() -> None:
    own = model(domain="own")
    own.functions.add(name="Add", domain="own")
    own.opset_import.add(domain="own", version=1)
    assert scan(own.SerializeToString()).allowed


@pytest.mark.parametrize(
    "content",
    [
        b"\x08",
        b"\x08\x07",  # no graph
        b"\x08\x07\x3a\xff",  # a graph that is cut
        b"\x08\x07\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",  # a length without end
        b"\x08\x07\x38\x01",  # a number where the graph belongs
        b"\x08\x07\x3a\x00\x0b\x0c",  # groups
        b"\x08\x07\x3a\x02\x0a\x09",  # a node longer than its graph
        b"\x08\x07\x3a\x00\x09\x01",  # eight bytes, of which one is there
    ],
)
def test_broken_models_are_refused(content: bytes) -> None:
    assert scan(content).rule == "onnx.malformed"


def test_graphs_in_graphs_are_bounded() -> None:
    graph = b""
    for _ in range(200):
        attribute = b"\x32" + _varint(len(graph)) + graph
        node = b"\x2a" + _varint(len(attribute)) + attribute
        graph = b"\x0a" + _varint(len(node)) + node
    assert scan(b"\x08\x07\x3a" + _varint(len(graph)) + graph).rule == "onnx.malformed"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
