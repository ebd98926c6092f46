from __future__ import annotations

import gzip
import zlib

import pytest

from tenuto.core.errors import Fault, TenutoError
from tenuto.serving.errors import REQUEST_ENCODING, REQUEST_TOO_LARGE
from tenuto.serving.protocol.compression import inflate

TEXT = b"the quick brown fox " * 50


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (gzip.compress(TEXT), " GZIP "),
    ],
    ids=["none", "identity", "gzip", "deflate", "upper case"],
)
def test_known_encodings_are_undone(body: bytes, encoding: str) -> None:
    assert inflate(body, encoding, 10_000) == TEXT


@pytest.mark.parametrize(
    ("body", "encoding", "fault"),
    [
        (TEXT, "br", REQUEST_ENCODING),
        (TEXT, "gzip", REQUEST_ENCODING),
        (gzip.compress(TEXT)[:-9], "gzip", REQUEST_ENCODING),
        (gzip.compress(bytes(10_001)), "gzip", REQUEST_TOO_LARGE),
    ],
    ids=["unknown", "not compressed", "cut short", "too large"],
)
def test_what_cannot_or_may_not_be_inflated_is_told(body: bytes, encoding: str, fault: Fault) -> None:
    with pytest.raises(TenutoError) as caught:
        inflate(body, encoding, 10_000)
    assert caught.value.fault is fault


def test_exactly_the_limit_is_still_taken() -> None:
    assert len(inflate(gzip.compress(bytes(10_000)), "gzip", 10_000)) == 10_000
