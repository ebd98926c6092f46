"""Files that were changed at random: the scan never fails, and what it accepts holds what it says."""

from __future__ import annotations

import io
import pickle
from functools import cache
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, Limits

pytestmark = [
    pytest.mark.capability("S3"),
    pytest.mark.filterwarnings("ignore"),
]  # of readers of broken files

LIMITS = Limits(opcodes=10_000, unpacked_bytes=10**7)


@cache
def originals() -> list[bytes]:
    model = LogisticRegression().fit(np.eye(3), [0, 1, 1])
    values: list[Any] = [
        model,
        {"a": (1, 2.5, "text", b"bytes"), "b": [None, True, {3}, frozenset({4})], "c": slice(1, 2)},
        [np.arange(3), np.array(["x", "yz"]), np.array([1, None], dtype=object), np.float32(1)],
    ]
    contents = [pickle.dumps(value, protocol) for value in values for protocol in range(6)]
    for value in values:
        for compress in (0, 3):
            buffer = io.BytesIO()
            joblib.dump(value, buffer, compress=compress)
            contents.append(buffer.getvalue())
    return contents


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(originals())))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["set", "insert", "delete", "cut", "repeat"]))
        if kind == "set" and content:
            content[place] = draw(st.integers(0, 255))
        elif kind == "insert":
            content[place:place] = draw(st.binary(max_size=6))
        elif kind == "delete":
            del content[place : place + draw(st.integers(1, 6))]
        elif kind == "cut":
            del content[place:]
        else:
            content[place:place] = content[place : place + draw(st.integers(1, 30))]
    return bytes(content)


def recording(base: type) -> Any:
    class Recording(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            self.asked.add(f"{module}:{name}")
            return super().find_class(module, name)

    return Recording


def asked_by(reader: Any) -> set[str]:
    reader.asked = set()
    try:
        reader.load()
    except Exception:  # noqa: BLE001 (a changed file may break a reader in any way; what it asked for counts)
        return reader.asked
    return reader.asked


@settings(max_examples=300)
@given(changed(), st.sampled_from(DeclaredFormat))
def test_any_file_gets_a_verdict(content: bytes, declared: DeclaredFormat) -> None:
    verdict = scan_model_file(io.BytesIO(content), declared, LIMITS)
    assert verdict.allowed == (not verdict.findings)
    assert verdict.reason


@settings(max_examples=500)
@given(changed())
def test_readers_ask_for_nothing_that_the_verdict_does_not_name(content: bytes) -> None:
    verdict = scan_model_file(io.BytesIO(content), DeclaredFormat.SKLEARN, LIMITS)
    if not verdict.allowed:
        return
    if verdict.format is FileFormat.PICKLE:
        for base in (pickle.Unpickler, pickle._Unpickler):
            assert asked_by(recording(base)(io.BytesIO(content))) <= set(verdict.names)
    stream = io.BytesIO(content)
    with joblib.numpy_pickle._validate_fileobject_and_memmap(stream, "", None) as (plain, _):
        reader = recording(joblib.numpy_pickle.NumpyUnpickler)("", plain, True)
        assert asked_by(reader) <= set(verdict.names)


@given(st.binary(max_size=200), st.sampled_from(DeclaredFormat))
def test_any_bytes_get_a_verdict(content: bytes, declared: DeclaredFormat) -> None:
    for head in (b"", b"\x80\x04", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x1f\x8b", b"\x08\x07\x3a"):
        verdict = scan_model_file(io.BytesIO(head + content), declared, LIMITS)
        assert verdict.allowed == (not verdict.findings)
