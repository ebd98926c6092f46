"""Where the server's socket lies: a folder that only its owner may enter, with a path short enough for one.

The kernel takes socket paths of at most 107 bytes, and connection strings give some characters a meaning. A
home whose path is unfit gets a private folder among the temporary files, named in a record in the home.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from pathlib import Path

import msgspec

from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.files import Owner, make_private, read_private, write_private
from tenuto.store.embedded.layout import Layout

_LONGEST = 107
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_PREFIX = "tenuto-"


class _Record(msgspec.Struct, frozen=True):
    folder: str
    home: str  # a copied home carries the record of the other


def known_socket(layout: Layout) -> ConnectionInfo | None:
    """Return where the server of this home listens if it runs; None if it never ran here."""
    own = _own_folder(layout)
    if own is not None:
        return ConnectionInfo(str(own)) if own.is_dir() else None
    recorded = _recorded(layout)
    return ConnectionInfo(str(recorded)) if recorded is not None and recorded.is_dir() else None


def ensure_socket(layout: Layout, owner: Owner, runtime: Path | None) -> ConnectionInfo:
    """Return where the server is to listen, making the folder if need be."""
    own = _own_folder(layout)
    if own is not None:
        make_private(own, owner)
        return ConnectionInfo(str(own))
    recorded = _recorded(layout)
    if recorded is not None and _is_private(recorded, owner):
        return ConnectionInfo(str(recorded))
    fresh = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=runtime))
    os.chown(fresh, owner.uid, owner.gid)
    write_private(layout.socket_record, msgspec.json.encode(_Record(str(fresh), str(layout.private))))
    return ConnectionInfo(str(fresh))


def retire_socket(layout: Layout, info: ConnectionInfo) -> None:
    """Remove the temporary folder of a server that has ended, if there was one and it is empty."""
    folder = Path(info.folder)
    if folder.parent == layout.cluster:
        return
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
            raise


def _own_folder(layout: Layout) -> Path | None:
    """The folder beside the data, if its path is fit for a socket."""
    folder = layout.cluster / "run"
    socket = str(ConnectionInfo(str(folder)).socket)
    return folder if len(socket) <= _LONGEST and _PLAIN.fullmatch(socket) else None


def _recorded(layout: Layout) -> Path | None:
    content = read_private(layout.socket_record)
    if content is None:
        return None
    record = msgspec.json.decode(content, type=_Record)
    return Path(record.folder) if record.home == str(layout.private) else None


def _is_private(folder: Path, owner: Owner) -> bool:
    """Temporary folders are cleaned away, and somebody else may then take the name."""
    try:
        entry = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(entry.st_mode) and entry.st_uid == owner.uid and not entry.st_mode & 0o077
