from __future__ import annotations

import json

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import read_fields
from tenuto.gateway.errors import BODY_NOT_JSON
from tenuto.gateway.nesting import DEEPEST, check_nesting
from tenuto.gateway.text_spans import spans_of

pytestmark = pytest.mark.capability("G1")


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize("levels", [DEEPEST + 1, 300, 900, 5_000])
def test_a_body_too_deep_to_follow_is_refused_where_it_is_read(levels: int) -> None:
    for body in (b'{"a":%b}' % nested(levels), nested(levels, b'{"a":', b"}")):
        with pytest.raises(TenutoError, match="nested") as refused:
            read_fields(body)
        assert refused.value.fault is BODY_NOT_JSON


def test_brackets_in_text_and_beside_each_other_are_not_deep() -> None:
    check_nesting(nested(DEEPEST))
    check_nesting(json.dumps({"a": "[" * 500, '{"\\': ['\\"[{' * 200], "b": [[1]] * 500}).encode())


@pytest.mark.parametrize("levels", [DEEPEST, 900, 200_000])
def test_a_document_in_a_string_is_held_to_the_same(levels: int) -> None:
    inner = (b'{"a":%b}' % nested(levels)).decode()
    fields = read_fields(json.dumps({"arguments": inner}).encode())
    with pytest.raises(TenutoError, match="nested") as refused:
        spans_of(fields)
    assert refused.value.fault is BODY_NOT_JSON
