"""Content-addressed bytes: written once, named by their SHA-256, never changed.

Content is staged on the local disk while its digest is computed, then moved to its place in one step, so a
reader never meets a half-written blob; a crash leaves at most a staged file, which the next start removes.
Nothing is staged where it would take the last room of the disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import fsspec
import msgspec
from fsspec.implementations.local import LocalFileSystem

from tenuto.core.digests import digest_of, require_digest
from tenuto.core.errors import TenutoError
from tenuto.store.errors import BLOB_DAMAGED, BLOB_MISSING, DISK_FULL
from tenuto.store.folders import sync_folder
from tenuto.store.space import Disks, FreeSpace, Room

_CHUNK = 1 << 20
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class Stored(msgspec.Struct, frozen=True):
    digest: str
    size: int  # bytes


class Blobs:
    """Blobs under ``url`` (a folder, or any fsspec URL), staged in the local folder ``staging``."""

    def __init__(self, url: str, staging: Path, space: FreeSpace | None = None) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._local = isinstance(self._files, LocalFileSystem)
        self._staging = staging
        self._space = space or Disks()

    def put(self, content: Iterable[bytes], *, size: int = 0) -> Stored:
        """Store the chunks' concatenation. Raises when the disk is full.

        ``size`` is what the caller knows of its length: too much for the disk is refused before it is read.
        """
        self._require_room(size)
        with _told_when_full(), self._staged() as (staged, sink):
            stored = _copy_hashing(content, sink)
            sink.flush()
            os.fsync(sink.fileno())
            self._move(staged, stored.digest)
        return stored

    def put_bytes(self, content: bytes) -> Stored:
        return self.put([content], size=len(content))

    def put_file(self, path: Path) -> Stored:
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            return self.put(iter(lambda: source.read(_CHUNK), b""), size=size)

    def has(self, digest: str) -> bool:
        return bool(self._files.exists(self._place(digest)))

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Yield the content. The digest is checked at the end: a damaged blob raises after its last chunk."""
        state = hashlib.sha256()
        with self._open(digest) as source:
            while chunk := source.read(_CHUNK):
                state.update(chunk)
                yield chunk
        if f"sha256:{state.hexdigest()}" != digest:
            raise TenutoError(BLOB_DAMAGED, digest)

    def read(self, digest: str) -> bytes:
        """Return small content whole, checked against its digest."""
        with self._open(digest) as source:
            content = source.read()
        if digest_of(content) != digest:
            raise TenutoError(BLOB_DAMAGED, digest)
        return bytes(content)

    def fetch(self, digest: str, target: Path) -> Path:
        """Copy the content to ``target``, checked, and return ``target``; nothing is left there otherwise."""
        try:
            with _told_when_full(), target.open("wb") as sink:
                for chunk in self.chunks(digest):
                    sink.write(chunk)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def clear_staging(self) -> None:
        """Remove what a crash left half-staged. Call once at start, before anybody writes."""
        shutil.rmtree(self._staging, ignore_errors=True)

    def _require_room(self, size: int) -> None:
        """Look where it is staged and, if that is a disk of this machine too, where it is to lie."""
        folders = [self._staging, Path(self._root)] if self._local else [self._staging]
        for folder in folders:
            Room(folder, self._space).require(DISK_FULL, size)

    def _place(self, digest: str) -> str:
        hexadecimal = require_digest(digest).removeprefix("sha256:")
        return f"{self._root}/sha256/{hexadecimal[:2]}/{hexadecimal[2:]}"

    @contextmanager
    def _open(self, digest: str) -> Iterator[IO[bytes]]:
        try:
            with self._files.open(self._place(digest), "rb") as source:
                yield source
        except FileNotFoundError as error:
            raise TenutoError(BLOB_MISSING, digest) from error

    @contextmanager
    def _staged(self) -> Iterator[tuple[Path, IO[bytes]]]:
        self._staging.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._staging)
        staged = Path(name)
        try:
            with os.fdopen(handle, "wb") as sink:
                yield staged, sink
        finally:
            staged.unlink(missing_ok=True)

    def _move(self, staged: Path, digest: str) -> None:
        place = self._place(digest)
        if self._files.exists(place):
            return
        self._files.makedirs(self._files._parent(place), exist_ok=True)  # noqa: SLF001 (fsspec has no public one)
        if self._local and _same_device(staged, Path(place).parent):
            staged.replace(place)
            sync_folder(Path(place).parent)
        else:
            self._copy(staged, place)

    def _copy(self, staged: Path, place: str) -> None:
        """Bring a blob to another disk or machine under a name of its own, then give it its place."""
        partial = f"{place}.{staged.name}"
        try:
            self._files.put_file(str(staged), partial)
            self._files.mv(partial, place)
        except BaseException:
            with suppress(FileNotFoundError):
                self._files.rm_file(partial)
            raise


def _copy_hashing(content: Iterable[bytes], sink: IO[bytes]) -> Stored:
    state, size = hashlib.sha256(), 0
    for chunk in content:
        size += len(chunk)
        state.update(chunk)
        sink.write(chunk)
    return Stored(f"sha256:{state.hexdigest()}", size)


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise TenutoError(DISK_FULL) from error
        raise


def _same_device(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev
