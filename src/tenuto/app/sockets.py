"""Where the processes of one installation meet: socket files in a private folder with a short path."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from tenuto.app.errors import RUNTIME_FOLDER_UNSAFE
from tenuto.core.errors import TenutoError

# The kernel takes 107 bytes for a socket's path; the longest name below needs some of them.
_LONGEST = 85


def socket_folder(home: Path) -> Path:
    """Return the folder, making it: in the home or, where that path is too long, in a temporary folder."""
    folder = _folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise TenutoError(RUNTIME_FOLDER_UNSAFE, str(folder))
    return folder


def remove_sockets(home: Path) -> None:
    """Leave nothing in a temporary folder once no process of the installation listens."""
    folder = _folder(home)
    if not folder.is_relative_to(home) and folder.is_dir():
        shutil.rmtree(socket_folder(home))


def _folder(home: Path) -> Path:
    """The name by digest keeps installations apart; the system's own folder is short when ``TMPDIR`` is not."""
    name = f"tenuto-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    system = Path("/tmp")  # noqa: S108 (private by its mode, and refused where somebody else made it)
    for folder in (home / "run", Path(tempfile.gettempdir()) / name):
        if len(os.fsencode(folder)) <= _LONGEST:
            return folder
    return system / name


def control_socket(home: Path) -> Path:
    return socket_folder(home) / "control.sock"


def serving_socket(home: Path) -> Path:
    return socket_folder(home) / "serving.sock"


def serving_control(home: Path) -> Path:
    return socket_folder(home) / "serving-ctl.sock"
