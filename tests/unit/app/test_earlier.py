"""What an earlier start left running is waited for, then ended by force, and nobody else is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tenuto.app.earlier import hold_processes, processes_of
from tenuto.app.errors import EARLIER_PROCESSES
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.locks import try_lock


@contextmanager
def _process(home: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with these words in its command line, which holds the lock of its home for as long as it lives."""
    home.mkdir(exist_ok=True)
    lock = try_lock(home / "processes.lock")
    assert lock is not None
    command = [sys.executable, "-c", "print(flush=True); input()", *words, f"--home={home}"]
    with (
        lock,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[lock.descriptor]
        ) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        lock.close()
        yield process
        process.kill()


def test_nobody_is_waited_for_where_nobody_is(tmp_path: Path) -> None:
    told: list[str] = []
    with hold_processes(tmp_path, told.append):
        assert told == []
        assert processes_of(tmp_path) == []


def test_a_process_that_does_not_end_is_ended_and_that_of_another_home_is_not(tmp_path: Path) -> None:
    told: list[str] = []
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    with _process(here, "tenuto.app.process") as ours, _process(elsewhere, "tenuto.app.process") as other:
        assert processes_of(here) == [ours.pid]
        with hold_processes(here, told.append, patience=0.0):
            assert ours.wait(30) == -9
        assert other.poll() is None
    assert told == ["waiting for the processes of an earlier start to end"]


def test_what_is_not_known_to_be_ours_is_left_alone_and_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with _process(home, "something-else") as process:
        with pytest.raises(TenutoError) as raised:
            hold_processes(home, lambda _: None, patience=0.0, longest=0.3)
        assert raised.value.fault is EARLIER_PROCESSES
        assert process.poll() is None
