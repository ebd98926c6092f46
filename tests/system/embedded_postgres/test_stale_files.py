"""Files that a dead server left, or somebody wrote: none is believed, none keeps a server from starting."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import (
    Rows,
    adopting_orphans,
    data_of,
    embedded,
    kill_hard,
    state_of,
    until,
)
from tenuto.store.embedded.processes import postmaster_of, working_on

pytestmark = pytest.mark.system


def forge(home: Path, first_line: bytes, folder: Path) -> None:
    """Write the pid file and the socket's lock file as a server with that id would have left them."""
    lines = [
        first_line,
        os.fsencode(data_of(home)),
        b"1700000000",
        b"5432",
        os.fsencode(folder),
        b"",
        b"",
        b"ready",
    ]
    (data_of(home) / "postmaster.pid").write_bytes(b"\n".join(lines) + b"\n")
    (folder / ".s.PGSQL.5432.lock").write_bytes(b"\n".join(lines[:5]) + b"\n")
    (folder / ".s.PGSQL.5432").touch()


@contextmanager
def stranger(program: Path, **more: Path) -> Iterator[int]:
    process = subprocess.Popen([program, "60"], **more)  # type: ignore[call-overload]
    try:
        yield process.pid
        assert process.poll() is None, "the stranger was ended"
    finally:
        process.kill()
        process.wait()


def starts_and_keeps_rows(home: Path, first_line: bytes) -> None:
    old = embedded(home).start()
    with Rows(old) as rows:
        assert old.pid is not None
        kill_hard(old.pid)
        until(lambda: not working_on(data_of(home)), "the end of the old processes")
        forge(home, first_line, Path(old.info.folder))
        with embedded(home).start() as new:
            assert new.answers()
            assert new.pid == postmaster_of(data_of(home))
            assert rows.lost(new) == set()
    old.stop()


def test_pid_reused_by_a_stranger(home: Path) -> None:
    with stranger(Path("/bin/sleep")) as pid:
        starts_and_keeps_rows(home, str(pid).encode())


def test_pid_reused_by_a_postgres_of_somebody_else(home: Path, short: Path) -> None:
    program = short / "postgres"
    shutil.copy("/bin/sleep", program)
    with stranger(program, cwd=short) as pid:
        starts_and_keeps_rows(home, str(pid).encode())


def test_pid_of_this_very_process(home: Path) -> None:
    starts_and_keeps_rows(home, str(os.getpid()).encode())


def test_pid_of_a_zombie(home: Path) -> None:
    with adopting_orphans():
        process = subprocess.Popen(["/bin/sleep", "60"])
        process.kill()
        until(lambda: state_of(process.pid) == "Z", "the zombie")
        starts_and_keeps_rows(home, str(process.pid).encode())
        process.wait()


def test_pid_file_cut_or_garbage(home: Path) -> None:
    for content in (b"", b"\n", b"12", b"garbage\n", b"-1\n", b"9" * 30, b"\x00\xff" * 40):
        (data_of(home) / "postmaster.pid").write_bytes(content)
        with embedded(home).start() as server:
            assert server.answers(), content


def test_pid_file_removed_while_the_server_lives(home: Path) -> None:
    with embedded(home).start() as server:
        (data_of(home) / "postmaster.pid").unlink()
        assert embedded(home).start().pid == server.pid


def test_pid_file_of_a_living_server_names_a_stranger(home: Path) -> None:
    """Neither the join nor the stop may follow the file."""
    with stranger(Path("/bin/sleep")) as pid:
        old = embedded(home).start()
        forged = (
            (data_of(home) / "postmaster.pid")
            .read_bytes()
            .replace(str(old.pid).encode(), str(pid).encode(), 1)
        )
        (data_of(home) / "postmaster.pid").write_bytes(forged)
        taken = embedded(home).start(take_over=True)
        assert taken.pid == old.pid
        taken.stop()
        assert working_on(data_of(home)) == []
        old.stop()


def test_stopped_stranger_is_not_taken_for_a_silent_server(home: Path) -> None:
    with stranger(Path("/bin/sleep")) as pid:
        os.kill(pid, signal.SIGSTOP)
        starts_and_keeps_rows(home, str(pid).encode())
        os.kill(pid, signal.SIGCONT)
