"""The database is killed, and stopped for longer than a lease: runs go on when it is back, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.crashing_worker import LEASE_SECONDS, children_of
from support.kill_host import KillHost, Watched
from support.step_bench import wait_until

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]


@pytest.fixture
def watched(host: KillHost, undisturbed: dict[str, Any]) -> Iterator[list[Watched]]:
    """Runs under way, on two workers; afterwards all of them must be whole."""
    runs = [host.submit() for _ in range(3)]
    workers = [host.worker(), host.worker()]
    wait_until(lambda: len(host.host.tasks(runs[0].run)) > 3, "the first run is in the middle")
    host.note(runs)
    yield runs
    wait_until(lambda: host.open_runs() == 0, "all runs end", timeout=60)
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    for one in runs:
        host.require_whole(one, undisturbed)


@pytest.mark.timeout(180)
def test_a_killed_database_that_comes_back(host: KillHost, watched: list[Watched]) -> None:
    assert host.server.pid is not None
    os.kill(host.server.pid, signal.SIGKILL)
    time.sleep(LEASE_SECONDS)
    host.start_database()
    host.note(watched)


@pytest.mark.timeout(180)
def test_a_database_that_stands_still(host: KillHost, watched: list[Watched]) -> None:
    postmaster = host.server.pid
    assert postmaster is not None
    stopped = [postmaster, *children_of(postmaster)]
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    time.sleep(3 * LEASE_SECONDS)
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    host.note(watched)
