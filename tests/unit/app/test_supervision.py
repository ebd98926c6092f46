"""Keeping children alive: what is told when one does not start, and that its log stays within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenuto.app.errors import CHILD_FAILED
from tenuto.app.supervision import Child, Supervisor
from tenuto.core.errors import TenutoError


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def _child(folder: Path, *arguments: str) -> Child:
    return Child("control", arguments, {"PATH": os.environ["PATH"]}, folder / "control.log")


def test_a_child_that_does_not_start_is_told_with_its_last_words(tmp_path: Path, keep: int) -> None:
    supervisor = Supervisor([_child(tmp_path, "no-such-process")], lambda _: None, keep=keep)
    with pytest.raises(TenutoError) as raised:
        supervisor.start()
    supervisor.stop()
    assert raised.value.fault is CHILD_FAILED
    assert "invalid choice: 'no-such-process'" in raised.value.detail
    assert str(tmp_path / "control.log") in raised.value.detail


def test_nothing_waits_for_the_others_when_one_has_failed(tmp_path: Path, keep: int) -> None:
    """The one that would come up is ended too, and no process of it stays."""
    good = Child(
        "serving", ["serving", f"--home={tmp_path}"], {"PATH": os.environ["PATH"]}, tmp_path / "serving.log"
    )
    supervisor = Supervisor([good, _child(tmp_path, "no-such-process")], lambda _: None, keep=keep)
    with pytest.raises(TenutoError):
        supervisor.start()
    supervisor.stop()
    assert [pid for pid in supervisor.pids().values() if Path(f"/proc/{pid}").exists()] == []


def test_a_long_log_is_shortened_before_the_next_start(tmp_path: Path, keep: int) -> None:
    log = tmp_path / "control.log"
    with log.open("wb") as file:
        file.truncate(9 << 20)
    supervisor = Supervisor([_child(tmp_path, "no-such-process")], lambda _: None, keep=keep)
    with pytest.raises(TenutoError):
        supervisor.start()
    supervisor.stop()
    assert log.stat().st_size < 1 << 20
    assert (tmp_path / "control.log.1").stat().st_size == 9 << 20
