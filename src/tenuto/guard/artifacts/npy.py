"""numpy's own files: one array (.npy), or a zip archive of them (.npz)."""

from __future__ import annotations

import ast
import re
from typing import Any

from tenuto.guard.artifacts.allowlist import AllowList
from tenuto.guard.artifacts.array_types import count_of
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.machine import PickleWalk
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.symbols import ElementType

NPY_MAGIC = b"\x93NUMPY"

# By version: how many bytes the header's length has, and how its text is encoded.
_VERSIONS = {b"\x01\x00": (2, "latin-1"), b"\x02\x00": (4, "latin-1"), b"\x03\x00": (4, "utf-8")}
_LONGEST_HEADER = 2**16
_SIMPLE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|c(?:8|16|32)|[SUV][0-9]{1,9}|\?)")
_TIME = re.compile(r"[<>|=]?[mM]8(?:\[[0-9]{0,9}[A-Za-zμ]{1,9}\])?")
_OBJECT = re.compile(r"\|?O8?")


def scan_npy(reader: ByteReader, allowed: AllowList, report: ScanReport) -> None:
    """Read the header; the array must fill the rest exactly, or be one pickle when it holds objects."""
    header = _header(reader)
    element, count = _element_of(header["descr"], 0), count_of(header["shape"])
    if element is None or count is None or type(header["fortran_order"]) is not bool:
        raise RefusedError("numpy.header", reader.where(), "an array of unknown shape or type")
    if element.objects:
        reader.take_raw()  # the header is no part of the pickle
        PickleWalk(reader, allowed, report, joblib=False).run()
    else:
        reader.skip(count * element.size)
    if not reader.at_end():
        raise RefusedError("file.trailing_data", reader.where(), "there is more behind the array")


def _header(reader: ByteReader) -> dict[str, Any]:
    if reader.read(len(NPY_MAGIC)) != NPY_MAGIC:
        raise RefusedError("numpy.header", reader.where(), "not a numpy array")
    version = _VERSIONS.get(reader.read(2))
    if version is None:
        raise RefusedError("numpy.header", reader.where(), "an unknown version of the format")
    length_bytes, encoding = version
    length = int.from_bytes(reader.read(length_bytes), "little")
    if length > _LONGEST_HEADER:
        raise RefusedError("numpy.header", reader.where(), f"a header of {length} bytes")
    try:
        header = ast.literal_eval(reader.read(length).decode(encoding))  # numpy reads it so too
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise RefusedError("numpy.header", reader.where(), "the header is no literal") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise RefusedError("numpy.header", reader.where(), "the header does not describe an array")
    return header


def _element_of(descr: Any, depth: int) -> ElementType | None:
    if isinstance(descr, str):
        return _simple(descr)
    if depth > 8:
        return None
    if isinstance(descr, tuple) and len(descr) == 2:
        return _repeated(descr[0], descr[1], depth)
    if isinstance(descr, list) and descr:
        members = [_member(field, depth) for field in descr]
        known = [member for member in members if member is not None]
        if len(known) == len(members):
            return ElementType(sum(one.size for one in known), any(one.objects for one in known))
    return None


def _simple(code: str) -> ElementType | None:
    if _OBJECT.fullmatch(code):
        return ElementType(8, objects=True)
    if _TIME.fullmatch(code):
        return ElementType(8, objects=False)
    if not _SIMPLE.fullmatch(code):
        return None
    plain = code.lstrip("<>|=")
    if plain == "?":
        return ElementType(1, objects=False)
    return ElementType(int(plain[1:]) * (4 if plain[0] == "U" else 1), objects=False)


def _member(field: Any, depth: int) -> ElementType | None:
    """``(name, type)`` or ``(name, type, shape)``; a name may be ``(title, name)``."""
    if not isinstance(field, tuple) or len(field) not in {2, 3}:
        return None
    if not isinstance(field[0], str) and not (isinstance(field[0], tuple) and len(field[0]) == 2):
        return None
    return _repeated(field[1], field[2] if len(field) == 3 else (), depth)


def _repeated(descr: Any, shape: Any, depth: int) -> ElementType | None:
    member, count = _element_of(descr, depth + 1), count_of(shape)
    if member is None or count is None:
        return None
    return ElementType(member.size * count, member.objects)
