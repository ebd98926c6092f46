from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, Limits, ScanVerdict
from unit.guard.artifacts.malicious import npy_of

pytestmark = pytest.mark.capability("S3")

ARRAY = npy_of(np.arange(10.0))


def scan(content: bytes, limits: Limits | None = None) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), DeclaredFormat.NUMPY, limits or Limits())


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, content in members:
            target.writestr(name, content)
    return buffer.getvalue()


def test_what_numpy_writes_is_accepted() -> None:
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, a=np.arange(3), b=np.array([["x", "yz"]]), c=np.float64(1), d=np.zeros((0, 2)))
        verdict = scan(buffer.getvalue())
        assert verdict.findings == ()
        assert verdict.format is FileFormat.NPZ
    objects = io.BytesIO()
    np.savez(objects, a=np.array(["x", None, 1.5], dtype=object))
    assert scan(objects.getvalue()).findings == ()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (archive(("../a.npy", ARRAY)), "archive.name"),
        (archive(("/a.npy", ARRAY)), "archive.name"),
        (archive(("a\\b.npy", ARRAY)), "archive.name"),
        (archive(("folder/", b""), ("a.npy", ARRAY)), "archive.name"),
        (archive(("a.npy", ARRAY), method=zipfile.ZIP_LZMA), "compression.unsupported"),
        (archive(("a.npy", ARRAY), method=zipfile.ZIP_BZIP2), "compression.unsupported"),
        (b"PK\x03\x04" + archive(("a.npy", ARRAY)), "archive.malformed"),
        (archive(("a.npy", ARRAY)) + b"more", "archive.malformed"),
        (archive(("a.npy", ARRAY))[:-5], "archive.malformed"),
        (b"PK\x03\x04" + b"\0" * 100, "archive.malformed"),
        (archive(("a.txt", b"text")), "file.format"),
        (archive(), "file.format"),
        (archive(("a.npy", ARRAY + b"more")), "file.trailing_data"),
        (archive(("a.npy", ARRAY[:-1])), "file.truncated"),
        (archive(("a.npy", b"")), "numpy.header"),
    ],
)
def test_archives_that_are_not_sane(content: bytes, rule: str) -> None:
    assert scan(content).rule == rule


def test_two_members_of_one_name() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("a.npy", ARRAY)
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("a.npy", ARRAY)
    assert scan(buffer.getvalue()).rule == "archive.malformed"


def test_a_link_and_an_encrypted_member() -> None:
    link = zipfile.ZipInfo("a.npy")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(link, "/etc/passwd")
    assert scan(buffer.getvalue()).rule == "archive.name"
    plain = bytearray(archive(("a.npy", ARRAY), method=zipfile.ZIP_STORED))
    plain[plain.index(b"PK\x01\x02") + 8] |= 1
    assert scan(bytes(plain)).rule == "archive.malformed"


def directory_entry(change: Callable[[bytearray, int], None], *members: tuple[str, bytes]) -> bytes:
    """An archive whose last directory entry was changed."""
    content = bytearray(archive(*members, method=zipfile.ZIP_STORED))
    change(content, content.rindex(b"PK\x01\x02"))
    return bytes(content)


def test_members_that_overlap_or_differ_from_their_directory() -> None:
    def same_place(content: bytearray, entry: int) -> None:
        content[entry + 42 : entry + 46] = struct.pack("<I", 0)

    def other_name(content: bytearray, entry: int) -> None:
        content[entry + 46] = ord("z")

    def other_checksum(content: bytearray, entry: int) -> None:
        content[entry + 16] ^= 1

    members = (("a.npy", ARRAY), ("b.npy", ARRAY))
    for change in (same_place, other_name, other_checksum):
        assert scan(directory_entry(change, *members)).rule == "archive.malformed"


def test_bombs_are_not_unpacked() -> None:
    bomb = archive(("a.npy", npy_of(np.zeros(10_000_000))))
    assert len(bomb) < 100_000
    assert scan(bomb).allowed
    assert scan(bomb, Limits(unpacked_bytes=1_000_000)).rule == "file.too_large"
    assert (
        scan(archive(*((f"{number}.npy", b"") for number in range(20))), Limits(members=10)).rule
        == "file.too_large"
    )
