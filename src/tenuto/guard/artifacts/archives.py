"""Zip archives, read so that no two readers could see different members in them."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.words import Limits

ZIP_MAGIC = b"PK\x03\x04"

_END_MAGIC = b"PK\x05\x06"
_END_LENGTH = 22
_LOCAL_HEADER_LENGTH = 30
_LARGEST_DIRECTORY = 16 * 2**20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 2**16


class Archive:
    """The members of an archive that was found to be sane. Use ``open_archive``."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], limits: Limits) -> None:
        self._archive = archive
        self._members = members
        self._limits = limits

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def reader(self, name: str) -> ByteReader:
        return ByteReader(self._chunks(name), name, self._limits.line_bytes)

    def document(self, name: str) -> bytes:
        """Return a member that is read at once, such as a schema."""
        if self._members[name].file_size > self._limits.document_bytes:
            raise RefusedError("file.too_large", name, f"more than {self._limits.document_bytes} bytes")
        return b"".join(self._chunks(name))

    def read_through(self, name: str) -> None:
        """Read a member that may hold anything, for its checksum."""
        for _ in self._chunks(name):
            pass

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(self._members[name]) as member:
                yield from iter(lambda: member.read(_CHUNK), b"")
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise RefusedError(
                "archive.malformed", name, f"the member cannot be read: {error}"[:200]
            ) from error


def open_archive(stream: BinaryIO, size: int, limits: Limits) -> Archive:
    _require_plain_end(stream, size)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise RefusedError("archive.malformed", "archive", f"no zip archive: {error}"[:200]) from error
    members = archive.infolist()
    if len(members) > limits.members:
        raise RefusedError("file.too_large", "archive", f"more than {limits.members} members")
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise RefusedError("file.too_large", "archive", f"unpacks to more than {limits.unpacked_bytes} bytes")
    for member in members:
        _require_plain_member(member)
    _require_side_by_side(members, archive.start_dir)
    by_name = {member.filename: member for member in members}
    if len(by_name) != len(members):
        raise RefusedError("archive.malformed", "archive", "two members of the same name")
    return Archive(archive, by_name, limits)


def _require_plain_end(stream: BinaryIO, size: int) -> None:
    """The end record stands at the very end, without comment, and its directory is of a sane size."""
    stream.seek(max(0, size - _END_LENGTH))
    end = stream.read(_END_LENGTH)
    stream.seek(0)
    if not end.startswith(_END_MAGIC) or end[20:22] != b"\0\0":
        raise RefusedError("archive.malformed", "archive", "the archive does not end with its directory")
    if int.from_bytes(end[12:16], "little") > _LARGEST_DIRECTORY:
        raise RefusedError("file.too_large", "archive", "a directory of more than 16 MiB")


def _require_plain_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = PurePosixPath(name).parts
    if (
        not name
        or name.endswith("/")
        or name.startswith("/")
        or ".." in parts
        or "\\" in name
        or not name.isprintable()
    ):
        raise RefusedError("archive.name", repr(name)[:100], "a member that is a folder or points elsewhere")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise RefusedError("archive.name", name, "a member that is a link")
    if member.flag_bits & _ENCRYPTED:
        raise RefusedError("archive.malformed", name, "an encrypted member")
    if member.compress_type not in _METHODS:
        raise RefusedError("compression.unsupported", name, "a member that is neither stored nor deflated")


def _require_side_by_side(members: list[zipfile.ZipInfo], directory: int) -> None:
    """From the first byte to the directory the members follow one another; none overlaps or hides."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    starts = [member.header_offset for member in ordered]
    if not starts or starts[0] != 0:
        raise RefusedError("archive.malformed", "archive", "the first member does not stand at the beginning")
    for member, following in zip(ordered, [*starts[1:], directory], strict=True):
        least = _LOCAL_HEADER_LENGTH + len(member.filename.encode()) + member.compress_size
        if member.header_offset + least > following:
            raise RefusedError("archive.malformed", member.filename, "members that overlap")
