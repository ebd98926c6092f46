from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression
from skops import io as skops_io

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, ScanVerdict
from unit.guard.artifacts.malicious import evil_npy

pytestmark = pytest.mark.capability("S3")

MODEL = LogisticRegression().fit(np.eye(2), [0, 1])


def scan(content: bytes) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), DeclaredFormat.SKOPS)


def repacked(node: Any = None, protocol: Any = 2, **members: bytes) -> bytes:
    """A skops file with this root node, or the schema of a real model when there is none."""
    source = zipfile.ZipFile(io.BytesIO(skops_io.dumps(MODEL)))
    schema = json.loads(source.read("schema.json"))
    if node is not None:
        schema = {**node, "_skops_version": "0.16"}
    schema["protocol"] = protocol
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("schema.json", json.dumps(schema))
        for name in source.namelist():
            if name != "schema.json":
                target.writestr(name, source.read(name))
        for name, content in members.items():
            target.writestr(name.replace("_dot_", "."), content)
    return buffer.getvalue()


def node(loader: str, module: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"__loader__": loader, "__module__": module, "__class__": name, **fields}


TEXT = node("JsonNode", "builtins", "str", content='"x"')


def test_what_skops_writes_is_accepted() -> None:
    for value in (
        MODEL,
        [MODEL, {"a": (1, b"x", bytearray(b"y"), slice(1), {2}, np.float32(1))}],
        np.array(["a", None]),
    ):
        assert scan(skops_io.dumps(value)).findings == ()
    for value in (
        scipy.sparse.csr_matrix(np.eye(3)),
        np.random.RandomState(1),
        np.random.default_rng(1),
        np.dtype("f4"),
    ):
        assert scan(skops_io.dumps(value)).findings == ()
    assert scan(repacked(protocol=1)).allowed


@pytest.mark.parametrize(
    "root",
    [
        node("ObjectNode", "os", "system"),
        node("FunctionNode", "os", "system"),
        node("FunctionNode", "builtins", "eval"),
        node("TypeNode", "subprocess", "Popen"),
        node("ConstructorFromReduceNode", "builtins", "list", content=TEXT),
        node("MethodNode", "builtins", "str", content={"func": "format", "obj": TEXT}),
        node("PartialNode", "functools", "partial", content={}),
        node("OperatorFuncNode", "operator", "methodcaller", attrs=TEXT),
        node("QuantileForestNode", "x", "y"),
        node("ListNode", "os", "system", content=[]),
        node("ListNode", "builtins", "eval", content=[TEXT]),
        node("ListNode", "builtins", "list", content=[node("FunctionNode", "os", "system")]),
        node("DictNode", "builtins", "dict", hidden={"deep": [node("TypeNode", "os", "system")]}),
        node("ObjectNode", "sklearn.metrics._classification", "accuracy_score"),
        node("RandomGeneratorNode", "numpy.random._generator", "Generator", content={}),
        node(
            "RandomGeneratorNode",
            "numpy.random._generator",
            "Generator",
            content={"bit_generator": {"content": {"bit_generator": {"content": '"seed"'}}}},
        ),
    ],
)
def test_nodes_that_are_not_accepted(root: dict[str, Any]) -> None:
    verdict = scan(repacked(root))
    assert verdict.format is FileFormat.SKOPS
    assert verdict.rule in {"skops.name", "skops.loader"}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (repacked(protocol=0), "skops.protocol"),
        (repacked(protocol=True), "skops.protocol"),
        (repacked(protocol=3), "skops.protocol"),
        (repacked({"content": 1}), "skops.schema"),
        (repacked({"__loader__": "ListNode"}), "skops.schema"),
        (repacked({"__loader__": 1, "__class__": "list", "__module__": "builtins"}), "skops.schema"),
        (repacked(a_dot_npy=evil_npy()), "pickle.name"),
        (repacked(a_dot_py=b"import os"), "skops.member"),
        (repacked(a_dot_npz=b"PK"), "archive.malformed"),
    ],
)
def test_files_that_are_not_accepted(content: bytes, rule: str) -> None:
    assert scan(content).rule == rule


def test_a_schema_that_is_no_json() -> None:
    for schema in (b"[", b"[1]", b"[" * 100_000):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            target.writestr("schema.json", schema)
        assert scan(buffer.getvalue()).rule == "skops.schema"
