"""Where the processes of one installation meet: socket files in a private folder with a short path."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from tenuto.app.errors import RUNTIME_FOLDER_UNSAFE
from tenuto.core.errors import TenutoError

# The kernel takes 107 bytes for a socket's path; the longest name below needs some of them.
_LONGEST = 85


def socket_folder(home: Path) -> Path:
    """Return the folder, making it. Homes with a long path get one below the temporary folder, named by digest."""
    folder = home / "run"
    if len(os.fsencode(folder)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"tenuto-{os.geteuid()}-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise TenutoError(RUNTIME_FOLDER_UNSAFE, str(folder))
    return folder


def control_socket(home: Path) -> Path:
    return socket_folder(home) / "control.sock"


def serving_socket(home: Path) -> Path:
    return socket_folder(home) / "serving.sock"


def serving_control(home: Path) -> Path:
    return socket_folder(home) / "serving-ctl.sock"
