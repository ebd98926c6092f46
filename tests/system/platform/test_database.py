"""A database that ends by itself: the platform starts it again, and nothing that was committed is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from support.running import CommandLine, RunningPlatform
from system.platform.doors import apply, data_folder, workspaces
from tenuto.store.embedded.processes import postmaster_of, working_on

pytestmark = pytest.mark.system
_PATIENCE = 60.0


@pytest.fixture
def settled(running_platform: RunningPlatform) -> Iterator[RunningPlatform]:
    yield running_platform
    _applied(running_platform, "settled")


def _applied(platform: RunningPlatform, name: str) -> None:
    """Apply a workspace, again while the database is away."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        status, told = apply(platform, name)
        if status == 200:
            return
        assert told["error"]["retryable"], told
        assert time.monotonic() < deadline, told


@pytest.mark.parametrize("everybody", [False, True], ids=["its first process", "all its processes"])
def test_a_killed_database_is_started_again(
    settled: RunningPlatform, owner: CommandLine, *, everybody: bool
) -> None:
    before = f"before-{everybody}".lower()
    assert apply(settled, before)[0] == 200
    data = data_folder(settled.home)
    first = postmaster_of(data)
    assert first is not None
    for pid in working_on(data) if everybody else [first]:
        os.kill(pid, signal.SIGKILL)
    _applied(settled, f"after-{everybody}".lower())
    assert postmaster_of(data) not in {None, first}
    assert {before, f"after-{everybody}".lower()} <= workspaces(owner)
    owner("audit", "verify")
