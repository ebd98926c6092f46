"""safetensors, JSON and CSV."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, Limits, ScanVerdict

pytestmark = pytest.mark.capability("S3")


def scan(content: bytes, declared: DeclaredFormat, limits: Limits | None = None) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), declared, limits or Limits())


def tensors(header: Any, data: bytes) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(dtype: str, shape: Any, *offsets: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": list(offsets)}


GOOD = {
    "__metadata__": {"format": "pt"},
    "b": tensor("F32", [2], 8, 16),
    "a": tensor("I64", [], 0, 8),
    "empty": tensor("F64", [0, 3], 16, 16),
    "half": tensor("F4", [4], 16, 18),
}


def test_tensors_are_accepted() -> None:
    verdict = scan(tensors(GOOD, b"A" * 18), DeclaredFormat.SAFETENSORS)
    assert verdict.findings == ()
    assert verdict.format is FileFormat.SAFETENSORS
    assert scan(tensors({}, b""), DeclaredFormat.SAFETENSORS).allowed


@pytest.mark.parametrize(
    "content",
    [
        tensors(GOOD, b"A" * 17),
        tensors(GOOD, b"A" * 19),
        tensors({"a": tensor("F32", [1], 4, 8)}, b"A" * 8),
        tensors({"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 0, 4)}, b"A" * 4),
        tensors({"a": tensor("F32", [2], 0, 4)}, b"A" * 4),
        tensors({"a": tensor("F32", [-1], 0, -4)}, b""),
        tensors({"a": tensor("O", [1], 0, 8)}, b"A" * 8),
        tensors({"a": tensor("F32", "x", 0, 4)}, b"A" * 4),
        tensors({"a": tensor("F32", [1], "0", 4)}, b"A" * 4),
        tensors({"a": tensor("F32", [1], 0)}, b"A" * 4),
        tensors({"a": {**tensor("F32", [1], 0, 4), "more": 1}}, b"A" * 4),
        tensors({"a": 1}, b""),
        tensors({"__metadata__": {"a": 1}}, b""),
        tensors(b'{"a": 1, "a": 2}', b""),
        tensors(b"{" + b'"a":{' * 5000, b""),
        tensors(b"{]", b""),
        struct.pack("<Q", 2**31) + b"{}",
    ],
)
def test_tensors_that_are_not(content: bytes) -> None:
    assert scan(content, DeclaredFormat.SAFETENSORS).rule.startswith("safetensors.")


def test_json() -> None:
    assert scan(b'{"a": [1, 2]}', DeclaredFormat.JSON).format is FileFormat.JSON
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": }'):
        assert scan(content, DeclaredFormat.JSON).rule == "text.malformed"
    assert scan(b"[1]", DeclaredFormat.JSON, Limits(document_bytes=2)).rule == "file.too_large"


def test_csv() -> None:
    table = 'name,"a, b"\r\nx,1\r\n"two\nlines",é\n' + "y,2\n" * 50_000
    assert scan(table.encode(), DeclaredFormat.CSV).findings == ()
    assert scan(b"x\x01,^\n", DeclaredFormat.CSV).allowed  # begins like zlib, and is text all the same
    for content in (b"a,\xff\n", b"a,\0\n", b'"a"b,c\n', b'"open', b"a,\xc3"):
        assert scan(content, DeclaredFormat.CSV).rule == "text.malformed"
    assert scan(b"x" * 200_000 + b"\n", DeclaredFormat.CSV).rule == "text.malformed"
    assert scan(b"a," * 2**21, DeclaredFormat.CSV).rule == "file.too_large"
