from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tenuto.serving.models.frames import (
    LENGTHS,
    Question,
    Reply,
    pack,
    pack_question,
    pack_reply,
    unpack_tensors,
)


def _cut(frame: bytes) -> tuple[bytes, bytes]:
    json_length, payload_length = LENGTHS.unpack(frame[: LENGTHS.size])
    text = frame[LENGTHS.size : LENGTHS.size + json_length]
    payload = frame[LENGTHS.size + json_length :]
    assert len(payload) == payload_length
    return text, payload


def test_a_question_carries_its_tensors_behind_it() -> None:
    inputs = {"x": np.array([[1.5, 2]]), "t": np.array(["é", None], dtype=object), "b": np.array([True])}
    text, payload = _cut(pack_question(("y",), inputs))
    question = msgspec.json.decode(text, type=Question)
    back = unpack_tensors(question.tensors, payload)
    assert question.wanted == ("y",)
    assert {name: array.tolist() for name, array in back.items()} == {
        "x": [[1.5, 2]],
        "t": ["é", None],
        "b": [True],
    }


def test_a_reply_is_outputs_or_an_error() -> None:
    text, payload = _cut(pack_reply({"y": np.array([1, 2], dtype=np.int8)}))
    assert unpack_tensors(msgspec.json.decode(text, type=Reply).tensors, payload)["y"].dtype == np.int8
    text, payload = _cut(pack(Reply(error=("code", "detail"))))
    assert msgspec.json.decode(text, type=Reply).error == ("code", "detail")
    assert payload == b""


def test_what_has_no_datatype_is_refused() -> None:
    with pytest.raises(TypeError, match="complex128"):
        pack_reply({"y": np.array([1j])})
