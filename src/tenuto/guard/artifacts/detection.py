"""What a file is, by its content. Its name says nothing, and what was declared only settles what text is."""

from __future__ import annotations

import re

from tenuto.guard.artifacts.archives import ZIP_MAGIC
from tenuto.guard.artifacts.decompression import compression_of
from tenuto.guard.artifacts.npy import NPY_MAGIC
from tenuto.guard.artifacts.skops_files import SCHEMA
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat

HEAD_LENGTH = 512

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_OLD_PICKLE = re.compile(rb"[(\]})cIJKLMNSUVXFG]")  # protocols 0 and 1 begin with any opcode that pushes
_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", "HDF5 (Keras)"),
    (b"GGUF", "GGUF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_TEXT = {DeclaredFormat.JSON: FileFormat.JSON, DeclaredFormat.CSV: FileFormat.CSV}
_TAR_MAGIC = (257, b"ustar")


def format_of(head: bytes, declared: DeclaredFormat) -> FileFormat:
    """Return what the file begins like. Archives are told apart by ``archive_format``."""
    if head.startswith(NPY_MAGIC):
        return FileFormat.NPY
    if head.startswith(ZIP_MAGIC):
        return FileFormat.NPZ
    if _PICKLE.match(head):
        return FileFormat.PICKLE
    if foreign_kind(head):
        return FileFormat.UNKNOWN
    return _without_magic(head, declared)


def _without_magic(head: bytes, declared: DeclaredFormat) -> FileFormat:
    if declared in _TEXT:
        return _TEXT[declared]
    if head[8:9] == b"{" and head[4:8] == b"\0\0\0\0":
        return FileFormat.SAFETENSORS
    if declared is DeclaredFormat.ONNX and head.startswith(b"\x08"):
        return FileFormat.ONNX
    if declared is not DeclaredFormat.SKLEARN:
        return FileFormat.UNKNOWN
    if compression_of(head):
        return FileFormat.JOBLIB
    return FileFormat.PICKLE if _OLD_PICKLE.match(head) else FileFormat.UNKNOWN


def archive_format(names: tuple[str, ...]) -> FileFormat:
    if SCHEMA in names:
        return FileFormat.SKOPS
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return FileFormat.TORCH
    if names and all(name.endswith(".npy") for name in names):
        return FileFormat.NPZ
    return FileFormat.UNKNOWN


def foreign_kind(head: bytes) -> str:
    """Return what a file is that is known and not accepted; empty when it is neither."""
    offset, magic = _TAR_MAGIC
    if head[offset : offset + len(magic)] == magic:
        return "a tar archive"
    return next((kind for prefix, kind in _FOREIGN if head.startswith(prefix)), "")
