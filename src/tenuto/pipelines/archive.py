"""Folders as archives: the same folder always gives the same bytes, and an archive can only make plain files.

An archive is an uncompressed tar of regular files and folders, sorted by name, without times or owners. A
link to a file inside the folder is packed as that file; any other link, and what is neither file nor folder,
is refused.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import ARCHIVE_NOT_POSSIBLE, FOLDER_NOT_POSSIBLE, FOLDER_TOO_LARGE

_LONGEST_NAME = 1000


class Bounds(msgspec.Struct, frozen=True):
    entries: int
    size: int  # bytes, all files together


class Entry(msgspec.Struct, frozen=True):
    """One file or folder. ``name`` is relative, with slashes; ``place`` is where its content is read."""

    name: str
    place: str
    size: int = 0
    executable: bool = False
    is_folder: bool = False


def entries_of(root: Path, bounds: Bounds, ignored: Callable[[str], bool] = lambda _: False) -> list[Entry]:
    """Return everything in the folder, sorted by name. ``ignored`` is asked with each name's last part."""
    found: list[Entry] = []
    size = 0
    for entry in _walk(root, root.resolve(), "", ignored):
        found.append(entry)
        size += entry.size
        if len(found) > bounds.entries or size > bounds.size:
            detail = f"{root.name} has more than {bounds.entries} entries or {bounds.size} bytes"
            raise TenutoError(FOLDER_TOO_LARGE, detail, entries=bounds.entries, bytes=bounds.size)
    return sorted(found, key=lambda entry: entry.name)


def pack(entries: list[Entry], sink: BufferedIOBase) -> None:
    """Write the archive of the entries. Raises when a file changes while it is read."""
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = _member(entry)
            if entry.is_folder:
                archive.addfile(member)
                continue
            try:
                with Path(entry.place).open("rb") as content:
                    archive.addfile(member, content)
            except OSError as error:
                raise TenutoError(FOLDER_NOT_POSSIBLE, f"{entry.name}: {error}") from error


def unpack(archive: Path, target: Path, bounds: Bounds, *, read_only: bool = False) -> Path:
    """Unpack into the folder ``target``, which must not exist yet, and return it.

    Raises on anything but plain files and folders inside it; what was unpacked until then is removed.
    """
    target.mkdir(mode=0o700)
    try:
        with archive.open("rb") as content:
            for member, source in _members(content, bounds):
                _place(member, source, target / member.name, read_only)
    except tarfile.TarError as error:
        remove_folder(target)
        raise TenutoError(ARCHIVE_NOT_POSSIBLE, str(error)) from error
    except BaseException:
        remove_folder(target)
        raise
    if read_only:
        for folder, _, _ in os.walk(target):
            Path(folder).chmod(0o500)
    return target


def remove_folder(folder: Path) -> None:
    """Remove a folder whatever the permissions inside it are. One that is not there is fine."""
    for inner, _, _ in os.walk(folder):
        Path(inner).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=not folder.exists())


def _walk(root: Path, real_root: Path, prefix: str, ignored: Callable[[str], bool]) -> Iterator[Entry]:
    with os.scandir(root / prefix) as listing:
        children = sorted(listing, key=lambda child: child.name)
    for child in children:
        if ignored(child.name):
            continue
        name = f"{prefix}{child.name}"
        _require_name(name)
        if child.is_dir(follow_symlinks=False):
            yield Entry(name, child.path, is_folder=True)
            yield from _walk(root, real_root, f"{name}/", ignored)
        else:
            yield _file(name, Path(child.path), real_root)


def _file(name: str, place: Path, real_root: Path) -> Entry:
    real = place.resolve() if place.is_symlink() else place
    if place.is_symlink() and not real.is_relative_to(real_root):
        raise TenutoError(FOLDER_NOT_POSSIBLE, f"{name} links out of the folder")
    if not real.is_file():
        raise TenutoError(FOLDER_NOT_POSSIBLE, f"{name} is no plain file")
    status = real.stat()
    return Entry(name, str(real), status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _require_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise TenutoError(FOLDER_NOT_POSSIBLE, f"{name!r}: its name is not valid Unicode") from error
    if len(name) > _LONGEST_NAME:
        raise TenutoError(FOLDER_NOT_POSSIBLE, f"{name[:80]}...: longer than {_LONGEST_NAME} characters")


def _member(entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.name)
    member.type = tarfile.DIRTYPE if entry.is_folder else tarfile.REGTYPE
    member.mode = 0o755 if entry.is_folder or entry.executable else 0o644
    member.size = entry.size
    return member


def _members(content: IO[bytes], bounds: Bounds) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    count = size = 0
    with tarfile.open(fileobj=content, mode="r|") as archive:
        for member in archive:
            count, size = count + 1, size + member.size
            if count > bounds.entries or size > bounds.size:
                raise TenutoError(FOLDER_TOO_LARGE, "the archive holds more than it may")
            _require_plain(member)
            yield member, archive.extractfile(member)


def _require_plain(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    inside = not path.is_absolute() and ".." not in path.parts and path.parts and "\0" not in member.name
    if not inside or not (member.isreg() or member.isdir()) or member.issparse():
        raise TenutoError(ARCHIVE_NOT_POSSIBLE, f"{member.name!r} is no plain file inside the folder")


def _place(member: tarfile.TarInfo, source: IO[bytes] | None, place: Path, read_only: bool) -> None:
    if source is None:
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if member.mode & stat.S_IXUSR else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        handle = os.open(place, flags, mode)
    except FileExistsError as error:
        raise TenutoError(ARCHIVE_NOT_POSSIBLE, f"{place.name!r} is there twice") from error
    with os.fdopen(handle, "wb") as sink:
        while chunk := source.read(1 << 20):
            sink.write(chunk)
        os.fchmod(sink.fileno(), mode & ~0o222 if read_only else mode)
