"""Which processes work on a data folder, asked of the kernel.

A server process has the data folder as its working directory for as long as it lives. Process ids written in
files are never believed: they are reused, and a zombie has one too.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_PROC = Path("/proc")
_TITLE_OF_A_CHILD = b"postgres: "


def working_on(data: Path) -> list[int]:
    """Ids of the living PostgreSQL processes whose working directory is ``data``."""
    try:
        folder = data.stat()
    except FileNotFoundError:
        return []
    names = (entry.name for entry in os.scandir(_PROC) if entry.name.isdigit())
    return [int(name) for name in names if _works_on(_PROC / name, data, folder)]


def postmaster_of(data: Path) -> int | None:
    """Id of the living server process of ``data``, not counting what it forked."""
    return next((pid for pid in working_on(data) if _is_postmaster(_PROC / str(pid))), None)


def open_process(pid: int, data: Path) -> int | None:
    """Return a descriptor of the process, which its id alone does not give: ids are reused.

    None if the process is gone or does not work on ``data``. The caller closes the descriptor.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if pid in working_on(data):
        return descriptor
    os.close(descriptor)
    return None


def kill_all(data: Path) -> list[int]:
    """Kill every PostgreSQL process that works on ``data``. Returns their ids."""
    killed = []
    for pid in working_on(data):
        descriptor = open_process(pid, data)
        if descriptor is None:
            continue
        try:
            send(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
        killed.append(pid)
    return killed


def initialising(staging: Path) -> list[int]:
    """Ids of the living processes that make a new database in ``staging``: initdb and what it started."""
    try:
        owners = {os.geteuid(), staging.stat().st_uid}
    except FileNotFoundError:
        return []
    data = staging / "data"
    argument = os.fsencode(f"--pgdata={data}")
    names = (entry.name for entry in os.scandir(_PROC) if entry.name.isdigit())
    found = [int(name) for name in names if _is_given(_PROC / name, argument, owners)]
    return [*found, *working_on(data)]


def end_initialising(staging: Path) -> list[int]:
    """Kill what makes a new database in ``staging``. Returns the ids of those that were seen.

    Each such attempt is a session of its own: with one process of it goes the group, the shell between initdb
    and the server included.
    """
    seen = initialising(staging)
    for pid in seen:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            group = os.getpgid(pid)
            if pid in initialising(staging) and group != os.getpgrp():
                os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended meanwhile
        finally:
            os.close(descriptor)
    return seen


def send(descriptor: int, number: signal.Signals) -> None:
    """Signal a process; one that has ended meanwhile needs none."""
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return


def _works_on(process: Path, data: Path, folder: os.stat_result) -> bool:
    try:
        if process.stat().st_uid != folder.st_uid:
            return False
        here = (process / "cwd").stat()
        program = (process / "exe").readlink().name
    except PermissionError:
        # Containers often withhold the right to look into processes of another user, even from root.
        return _names(process, data)
    except (FileNotFoundError, ProcessLookupError):
        return False  # gone, or a zombie
    is_server = program.removesuffix(" (deleted)") == "postgres"
    return is_server and os.path.samestat(here, folder)


def _is_given(process: Path, argument: bytes, owners: set[int]) -> bool:
    try:
        return process.stat().st_uid in owners and argument in _command_line(process).split(b"\0")
    except FileNotFoundError:
        return False


def _names(process: Path, data: Path) -> bool:
    words = _command_line(process).split(b"\0")
    return Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(data) in words[1:]


def _is_postmaster(process: Path) -> bool:
    return not _command_line(process).startswith(_TITLE_OF_A_CHILD)


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
