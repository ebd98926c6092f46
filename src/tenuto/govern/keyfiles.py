"""Small private files: keys that must outlive a crash and that nobody else on the machine may read."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import (
    KEY_FILE_BROKEN,
    KEY_FILE_BUSY,
    KEY_FILE_EXISTS,
    KEY_FILE_MISSING,
    KEY_FILE_UNSAFE,
)
from tenuto.store.errors import DISK_FULL
from tenuto.store.folders import sync_folder

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST = 1 << 20  # bytes


def create_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. An existing one is never touched.

    The whole content appears under its name in one step, so that a crash leaves either nothing or a key.
    """
    with _staged(path, content) as staged:
        try:
            os.link(staged, path)
        except FileExistsError as error:
            raise TenutoError(KEY_FILE_EXISTS, str(path)) from error


def replace_private(path: Path, content: bytes) -> None:
    """Put new content in the place of a private file in one step."""
    with _staged(path, content) as staged:
        staged.replace(path)


def read_private(path: Path) -> bytes:
    """Return the content. Refuses a file that others can read, or that another user could change."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not make us wait
    except OSError as error:
        raise TenutoError(KEY_FILE_MISSING, f"{path}: {error.strerror}") from error
    try:
        _require_private(path, os.fstat(handle))  # of the opened file: the name may soon point elsewhere
        content = os.read(handle, _LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > _LARGEST:
        raise TenutoError(KEY_FILE_BROKEN, f"{path} is larger than {_LARGEST} bytes")
    return content


def _require_private(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise TenutoError(KEY_FILE_BROKEN, f"{path} is not a file")
    if facts.st_mode & _OTHERS:
        raise TenutoError(KEY_FILE_UNSAFE, f"{path} has mode {stat.S_IMODE(facts.st_mode):04o}")
    if facts.st_uid not in {os.geteuid(), 0}:
        raise TenutoError(KEY_FILE_UNSAFE, f"{path} belongs to user {facts.st_uid}")


@contextmanager
def changing_private(path: Path) -> Iterator[None]:
    """Hold off every other process that wants to read, change and replace this file."""
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TenutoError(KEY_FILE_BUSY, str(path)) from error
    finally:
        os.close(lock)  # which also gives the lock back


@contextmanager
def _staged(path: Path, content: bytes) -> Iterator[Path]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        staged = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        yield staged
        sync_folder(path.parent)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise TenutoError(DISK_FULL, str(path)) from error
        raise
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)  # a replacement has already taken the staged name away
