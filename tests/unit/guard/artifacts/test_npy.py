from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, ScanVerdict
from unit.guard.artifacts.malicious import npy_of

pytestmark = pytest.mark.capability("S3")


def scan(content: bytes) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), DeclaredFormat.NUMPY)


def with_header(header: str, content: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    raw = header.encode("latin-1")
    return (
        b"\x93NUMPY"
        + bytes(version)
        + struct.pack("<H" if version[0] == 1 else "<I", len(raw))
        + raw
        + content
    )


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="i2").reshape(2, 3),
        np.asfortranarray(np.ones((2, 3))),
        np.array(1.5),
        np.zeros((0, 4)),
        np.array(["a", "bcd"]),
        np.array([b"a", b"bcd"]),
        np.array([True]),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.array([5], dtype="m8[s]"),
        np.ones(3, dtype=">f4"),
        np.zeros(2, dtype=[("x", "i4"), ("y", "f8", (2, 2)), ("z", [("a", "U2"), ("b", "?")])]),
        np.zeros(2, dtype=np.dtype([("x", "i1"), ("y", "f8")], align=True)),
        np.zeros(2, dtype=[("é", "i4")]),
        np.array(["x", None, {"a": 1}], dtype=object),
        np.zeros(1, dtype="V5"),
    ],
    ids=lambda array: str(array.dtype),
)
@pytest.mark.filterwarnings("ignore:Stored array in format 3.0")
def test_arrays_are_accepted(array: Any) -> None:
    verdict = scan(npy_of(array))
    assert verdict.findings == ()
    assert verdict.format is FileFormat.NPY


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", b"A" * 9), "file.trailing_data"),
        (with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", b"A" * 7), "file.truncated"),
        (with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "numpy.header"),
        (with_header("{'descr': '<f8', 'fortran_order': 0, 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': '<f8', 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': 'x9', 'fortran_order': False, 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': [], 'fortran_order': False, 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': [('a',)], 'fortran_order': False, 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': [(1, 'f8')], 'fortran_order': False, 'shape': (0,)}"), "numpy.header"),
        (with_header("{'descr': ('f8', 'x'), 'fortran_order': False, 'shape': (0,)}"), "numpy.header"),
        (with_header("__import__('os').system('id')"), "numpy.header"),
        (with_header("(" * 5000), "numpy.header"),
        (with_header("[" * 50 + "]" * 50), "numpy.header"),
        (with_header("{'descr': " + "[('a', " * 20 + "'f8'" + ")]" * 20 + ", 'fortran_order': False, 'shape': ()}"),
         "numpy.header"),
        (with_header("", version=(4, 0)), "numpy.header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "numpy.header"),
        (with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n."), "pickle.name"),
        (with_header("{'descr': [('a', 'O')], 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n."),
         "pickle.name"),
        (with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"N.N."), "file.trailing_data"),
    ],
)  # fmt: skip
def test_arrays_that_are_not(content: bytes, rule: str) -> None:
    assert scan(content).rule == rule


def test_a_scikit_learn_model_is_no_array_of_numpy() -> None:
    evil = np.array([np.float64], dtype=object)
    assert scan(npy_of(evil)).allowed  # a type is only named
