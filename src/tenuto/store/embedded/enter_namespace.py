"""Run a program in a user namespace where root is an ordinary user. Executed as a script, by path.

    enter_namespace.py UID GID run PROGRAM [ARGUMENT ...]
    enter_namespace.py UID GID probe FOLDER PROGRAM

PostgreSQL refuses to run as root. Inside the namespace it sees itself as UID, while for everybody else its
files and processes stay root's, so that a private home stays private. ``probe`` ends with 0 if FOLDER could
be written and PROGRAM be run from there. The process keeps its id, so that its parent can wait for it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> int:
    uid, gid, verb, *rest = arguments
    _enter(int(uid), int(gid))
    if verb == "probe":
        folder, program = rest
        usable = os.access(folder, os.W_OK | os.X_OK) and os.access(program, os.R_OK | os.X_OK)
        return 0 if usable else 1
    try:
        os.execv(rest[0], rest)  # noqa: S606 (no shell is wanted)
    except OSError as error:
        sys.stderr.write(f"cannot execute {rest[0]}: {error.strerror}\n")
        return 126


def _enter(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "unshare")
    own = Path("/proc/self")
    (own / "uid_map").write_text(f"{uid} {outer_uid} 1")
    # A group map may be written only after giving up the right to change groups.
    (own / "setgroups").write_text("deny")
    (own / "gid_map").write_text(f"{gid} {outer_gid} 1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
