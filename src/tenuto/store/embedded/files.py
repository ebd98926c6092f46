"""Private files and folders: made for one user, checked before they are trusted, written whole or not at all.

Nothing here touches a folder above the one it is given.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.errors import (
    HOME_MISSING,
    HOME_NOT_OURS,
    HOME_UNSUITABLE,
    NO_SPACE,
    UNSAFE_PERMISSIONS,
)
from tenuto.store.folders import sync_folder

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_LONGEST_HOME = 900  # bytes; PostgreSQL takes paths below 1024 and adds its own names
_LOCKLESS = {errno.ENOLCK, errno.EOPNOTSUPP}


class Owner(msgspec.Struct, frozen=True):
    uid: int
    gid: int


@contextmanager
def told_as_faults() -> Iterator[None]:
    """Turn trouble of the file system into faults that say what to do."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename or 'the home'}: {error.strerror}"
        if error.errno in _FULL:
            raise TenutoError(NO_SPACE, where) from error
        if error.errno in _REFUSED:
            raise TenutoError(HOME_NOT_OURS, where) from error
        if error.errno in _LOCKLESS:
            raise TenutoError(HOME_UNSUITABLE, f"{where} (file locks)") from error
        raise


def require_fit(home: Path) -> Path:
    """Return ``home`` made absolute. Raises when PostgreSQL could not write its path down."""
    path = Path(os.path.realpath(home))
    try:
        encoded = str(path).encode()
    except UnicodeEncodeError as error:
        raise TenutoError(HOME_UNSUITABLE, f"{path!r} is not valid UTF-8") from error
    if len(encoded) > _LONGEST_HOME:
        raise TenutoError(HOME_UNSUITABLE, f"the path has {len(encoded)} bytes")
    if not str(path).isprintable():
        raise TenutoError(HOME_UNSUITABLE, f"{path!r} holds control characters")
    return path


def make_home(home: Path) -> None:
    """Make the home and nothing above it. A home that exists is left as it is."""
    if home.is_dir():
        return
    if not home.parent.is_dir():
        raise TenutoError(HOME_MISSING, str(home.parent))
    home.mkdir(mode=0o700, exist_ok=True)


def make_private(folder: Path, owner: Owner | None = None) -> None:
    """Make ``folder`` for its owner alone. The mode of one that exists is checked, not changed."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        require_private(folder)
    if owner is not None and folder.lstat().st_uid != owner.uid:
        os.chown(folder, owner.uid, owner.gid)


def require_private(path: Path) -> None:
    """Raise unless ``path`` is closed to group and others."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or mode & 0o077:
        raise TenutoError(UNSAFE_PERMISSIONS, f"{path} has mode {stat.S_IMODE(mode):04o}")


def read_private(path: Path) -> bytes | None:
    """Return what ``path`` holds, None when there is no such file. Raises when others may read it."""
    try:
        require_private(path)
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_private(path: Path, content: bytes) -> None:
    """Write ``path`` so that a crash leaves the old content or the new, readable by the owner alone."""
    descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        Path(staged).replace(path)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def give_all(folder: Path, owner: Owner) -> None:
    """Give ``folder`` and everything in it to ``owner``. Links are given, never followed."""
    os.chown(folder, owner.uid, owner.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), owner.uid, owner.gid, follow_symlinks=False)
