"""Whatever a tensor holds, it arrives as it was sent: as JSON, flat or nested, and as binary data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tenuto.core.errors import TenutoError
from tenuto.serving.protocol.binary import from_bytes, to_bytes
from tenuto.serving.protocol.datatypes import NUMPY_DTYPES
from tenuto.serving.protocol.decode import decode_request
from tenuto.serving.protocol.values import from_json, to_json
from tenuto.serving.words import Datatype, Signature, TensorSpec

NUMERIC = sorted(set(Datatype) - {Datatype.BYTES}, key=lambda datatype: datatype.value)
SHAPES = arrays.array_shapes(max_dims=4, max_side=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@st.composite
def tensors(draw: st.DrawFn) -> tuple[Datatype, Any]:
    datatype = draw(st.sampled_from(NUMERIC))
    options = {"allow_infinity": False, "allow_nan": True} if datatype.value.startswith("FP") else {}
    dtype = np.dtype(NUMPY_DTYPES[datatype])
    elements = arrays.from_dtype(dtype, **options)
    return datatype, draw(arrays.arrays(dtype, SHAPES, elements=elements))


def _same(left: Any, right: Any) -> bool:
    return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


@given(tensors())
def test_binary_data_comes_back_as_it_was(tensor: tuple[Datatype, Any]) -> None:
    datatype, array = tensor
    content = to_bytes(array, datatype)
    assert _same(from_bytes(memoryview(content), datatype, array.shape, "x"), array)


@given(tensors(), st.booleans())
def test_json_comes_back_as_it_was_flat_or_nested(tensor: tuple[Datatype, Any], nested: bool) -> None:
    datatype, array = tensor
    if datatype is Datatype.FP16:
        return
    flat = to_json(array, datatype, "x")
    items = np.array(flat, dtype=object).reshape(array.shape).tolist() if nested else flat
    raw = json.dumps(items).replace("NaN", "null").encode()
    assert _same(from_json(raw, datatype, array.shape, "x", missing=True), array)


@given(st.lists(st.none() | TEXTS, min_size=1, max_size=6))
def test_texts_come_back_as_they_were(texts: list[str | None]) -> None:
    array = np.array(texts, dtype=object)
    shape = [len(texts)]
    content = memoryview(to_bytes(array, Datatype.BYTES))
    raw = json.dumps(texts).encode()
    assert from_bytes(content, Datatype.BYTES, shape, "x", missing=True).tolist() == texts
    assert from_json(raw, Datatype.BYTES, shape, "x", missing=True).tolist() == texts


SIGNATURE = Signature(
    (TensorSpec("x", Datatype.FP32, (-1, 2)), TensorSpec("t", Datatype.BYTES, (-1,))),
    (TensorSpec("y", Datatype.FP32, (-1,)),),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TENSOR = st.fixed_dictionaries(
    {"name": st.sampled_from("xtz"), "shape": st.lists(st.integers(), max_size=3) | st.just([1, 2])},
    optional={
        "datatype": st.sampled_from(["FP32", "BYTES", "?"]) | JSON,
        "data": JSON,
        "parameters": st.dictionaries(st.sampled_from(["binary_data_size", "a"]), st.integers() | JSON),
    },
)
MESSAGES = st.fixed_dictionaries(
    {"inputs": st.lists(TENSOR, max_size=3)},
    optional={"id": JSON, "parameters": JSON, "outputs": st.lists(JSON, max_size=2)},
)


@given(st.binary() | MESSAGES.map(lambda message: json.dumps(message).encode()), st.binary(max_size=20))
def test_whatever_arrives_is_read_or_refused_with_a_fault(body: bytes, tail: bytes) -> None:
    assert _code_of(body + tail, None).startswith("serving.request_")
    assert _code_of(body + tail, len(body)).startswith("serving.request_")


def _code_of(body: bytes, length: int | None) -> str:
    """The code of the refusal, or one like it for a request that is taken. Nothing else may be raised."""
    try:
        decode_request(body, SIGNATURE, length)
    except TenutoError as error:
        return error.fault.code
    return "serving.request_taken"
