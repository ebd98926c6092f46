"""Folders and zip files of line files, read with limits and written in one step."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import BUNDLE_EXISTS, BUNDLE_UNREADABLE
from tenuto.store.errors import DISK_FULL

LONGEST_LINE = 4 << 20  # bytes
# What reading a damaged archive raises; RuntimeError is that of one with a password.
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Container:
    """Line files by name, for reading."""

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self._path = path
        self._archive = archive

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of one file without their ends. Raises when it is missing or damaged."""
        try:
            with self._open(name) as file:
                while line := file.readline(LONGEST_LINE + 1):
                    if len(line) > LONGEST_LINE:
                        raise TenutoError(BUNDLE_UNREADABLE, f"{name} has a line over {LONGEST_LINE} bytes")
                    yield line.removesuffix(b"\n")
        except (OSError, KeyError, *_ZIP_FAULTS) as error:
            raise TenutoError(BUNDLE_UNREADABLE, f"{self._path}: {name}: {error}") from error

    def _open(self, name: str) -> IO[bytes]:
        if self._archive is None:
            return (self._path / name).open("rb")
        return io.BufferedReader(cast("io.RawIOBase", self._archive.open(name)))


class NewContainer:
    """Line files being written."""

    def __init__(self, folder: Path, archive: zipfile.ZipFile | None) -> None:
        self._folder = folder
        self._archive = archive

    def add(self, name: str, lines: Iterable[bytes]) -> int:
        """Write one file and return how many lines it has."""
        count = 0
        with self._open(name) as file:
            for line in lines:
                file.write(line + b"\n")
                count += 1
        return count

    def _open(self, name: str) -> AbstractContextManager[_Sink]:
        if self._archive is None:
            return (self._folder / name).open("wb")
        return self._archive.open(name, "w", force_zip64=True)


class _Sink(Protocol):
    def write(self, content: bytes, /) -> int: ...


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    if path.is_dir():
        yield Container(path, None)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, *_ZIP_FAULTS) as error:
        raise TenutoError(BUNDLE_UNREADABLE, f"{path}: {error}") from error
    with archive:
        yield Container(path, archive)


@contextmanager
def write_container(target: Path) -> Iterator[NewContainer]:
    """Give a container that appears at ``target`` only when all of it is written, readable by its owner."""
    if target.exists():
        raise TenutoError(BUNDLE_EXISTS, str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        finished = staging / "bundle"
        if target.suffix == ".zip":
            with _private_zip(finished) as archive:
                yield NewContainer(staging, archive)
        else:
            finished.mkdir(mode=0o700)
            yield NewContainer(finished, None)
        finished.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise TenutoError(DISK_FULL, str(target)) from error
        raise
    finally:
        shutil.rmtree(staging)


@contextmanager
def _private_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        yield archive
