from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tenuto.store.embedded.processes import kill_all, open_process, postmaster_of, working_on


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@contextmanager
def running(program: str, folder: Path, title: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A process whose executable is called ``program``, at work in ``folder``."""
    copy = folder.parent / program
    shutil.copy("/bin/sleep", copy)
    process = subprocess.Popen([title or str(copy), "60"], executable=copy, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_server_is_known_by_its_program_and_its_folder(data: Path, tmp_path: Path) -> None:
    with running("postgres", data) as server, running("other", data):
        assert working_on(data) == [server.pid]
        assert postmaster_of(data) == server.pid
        assert working_on(tmp_path) == []


def test_what_a_server_forked_is_no_server(data: Path) -> None:
    with running("postgres", data, title="postgres: checkpointer ") as child:
        assert working_on(data) == [child.pid]
        assert postmaster_of(data) is None


def test_a_program_replaced_by_an_upgrade_is_still_known(data: Path) -> None:
    with running("postgres", data) as server:
        (data.parent / "postgres").unlink()
        assert working_on(data) == [server.pid]


def test_a_zombie_works_on_nothing(data: Path) -> None:
    with running("postgres", data) as server:
        os.kill(server.pid, 9)
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{server.pid}").exists()
        assert working_on(data) == []


def test_only_processes_of_the_data_are_opened(data: Path) -> None:
    with running("postgres", data) as server:
        descriptor = open_process(server.pid, data)
        assert descriptor is not None
        os.close(descriptor)
        assert open_process(os.getpid(), data) is None
    assert open_process(server.pid, data) is None


def test_killing_spares_strangers(data: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=data)
    with running("postgres", data) as server:
        assert kill_all(data) == [server.pid]
        assert server.wait() == -9
    assert stranger.poll() is None
    stranger.communicate()


def test_nobody_works_on_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert working_on(tmp_path / "missing") == []
    assert postmaster_of(tmp_path / "missing") is None
