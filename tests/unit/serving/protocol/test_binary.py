from __future__ import annotations

import numpy as np
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_TENSOR
from tenuto.serving.protocol.binary import from_bytes, to_bytes
from tenuto.serving.words import Datatype


def test_numbers_are_little_endian_row_by_row() -> None:
    array = np.array([[1, 2], [3, 256]], dtype=">i2")
    content = to_bytes(array, Datatype.INT16)
    assert content == bytes([1, 0, 2, 0, 3, 0, 0, 1])
    assert from_bytes(memoryview(content), Datatype.INT16, [2, 2], "x").tolist() == array.tolist()


def test_fp16_travels_as_bytes() -> None:
    array = np.array([[0.5, -2]], dtype=np.float16)
    back = from_bytes(memoryview(to_bytes(array, Datatype.FP16)), Datatype.FP16, [1, 2], "x")
    assert back.dtype == np.float16
    assert back.tolist() == array.tolist()


def test_texts_stand_behind_their_lengths() -> None:
    array = np.array(["é", "", "ab"], dtype=object)
    content = to_bytes(array, Datatype.BYTES)
    assert content == b"\x02\0\0\0\xc3\xa9\0\0\0\0\x02\0\0\0ab"
    assert from_bytes(memoryview(content), Datatype.BYTES, [3], "x").tolist() == ["é", "", "ab"]


def test_a_missing_text_is_a_length_no_text_can_have() -> None:
    content = to_bytes(np.array(["a", None], dtype=object), Datatype.BYTES)
    back = from_bytes(memoryview(content), Datatype.BYTES, [2], "x", missing=True)
    assert back.tolist() == ["a", None]
    with pytest.raises(TenutoError, match="ends inside element 1"):
        from_bytes(memoryview(content), Datatype.BYTES, [2], "x")


@pytest.mark.parametrize(
    ("content", "datatype", "shape", "said"),
    [
        (b"\0" * 7, Datatype.FP32, [2], "7 bytes of data, but FP32 [2] is 8 bytes"),
        (b"\0" * 12, Datatype.FP32, [2], "12 bytes of data"),
        (b"\x02", Datatype.BOOL, [1], "the byte 0 or 1"),
        (b"\x01\0", Datatype.BYTES, [1], "ends inside the length of element 0"),
        (b"\x09\0\0\0ab", Datatype.BYTES, [1], "ends inside element 0"),
        (b"\x01\0\0\0\xff", Datatype.BYTES, [1], "element 0 is not UTF-8"),
        (b"\0\0\0\0", Datatype.BYTES, [2], "1 BYTES elements, but shape [2] asks for 2"),
    ],
)
def test_data_of_the_wrong_size_or_form_is_told(
    content: bytes, datatype: Datatype, shape: list[int], said: str
) -> None:
    with pytest.raises(TenutoError) as caught:
        from_bytes(memoryview(content), datatype, shape, "x")
    assert caught.value.fault is REQUEST_TENSOR
    assert said in caught.value.detail
