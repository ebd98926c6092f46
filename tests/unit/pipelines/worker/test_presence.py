"""Workers that live, workers that died, and what becomes of what they held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pipeline_graphs import graph, node
from support.pipeline_host import PipelineHost, WorkerThread
from support.simulated_executor import SimulatedExecutor
from support.step_bench import wait_until
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.pipelines import queries
from tenuto.pipelines.worker.presence import Presence
from tenuto.store.database import Role
from tenuto.store.errors import DATABASE_UNAVAILABLE

pytestmark = pytest.mark.capability("O2")
OTHER = """
import sys, time
from pathlib import Path
from tenuto.pipelines.worker.presence import Presence

with Presence(Path(sys.argv[1]), sys.argv[2]):
    print("here", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another worker's process that says that it lives."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path / "workers"), "other"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    yield process
    process.kill()
    process.communicate()


def buried(tmp_path: Path) -> list[str]:
    names: list[str] = []
    with Presence(tmp_path / "workers", "mine") as presence:
        presence.bury(names.append)
    return names


def test_a_worker_is_dead_when_its_process_is(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    assert buried(tmp_path) == []
    os.kill(other.pid, signal.SIGSTOP)
    assert buried(tmp_path) == [], "a worker that stands still may go on"
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert buried(tmp_path) == ["other"]
    assert buried(tmp_path) == []
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_worker_that_ends_leaves_nobody_to_bury(tmp_path: Path) -> None:
    assert buried(tmp_path) == []
    assert buried(tmp_path) == []


def test_the_dead_stay_known_until_what_they_held_is_given_to_others(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "dead").touch()

    def refuse(_: str) -> None:
        raise TenutoError(DATABASE_UNAVAILABLE)

    with Presence(tmp_path / "workers", "mine") as presence, pytest.raises(TenutoError):
        presence.bury(refuse)
    assert buried(tmp_path) == ["dead"]


def test_who_cannot_say_that_it_lives_declares_nobody_dead(tmp_path: Path) -> None:
    (tmp_path / "workers" / "mine").mkdir(parents=True)  # no file can be made there
    (tmp_path / "workers" / "dead").touch()
    assert buried(tmp_path) == []
    assert (tmp_path / "workers" / "dead").exists()


def test_a_place_where_nothing_can_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "workers").touch()
    assert buried(tmp_path) == []


def test_what_a_dead_worker_held_is_taken_up_at_once(host: PipelineHost) -> None:
    """Nobody waits for its lease, which would be over in an hour; a living worker's runs stay its own."""
    flow = graph(node("one", "$size"), results=("one",))
    runs = [host.submit(flow, size=size) for size in (1, 2)]
    workers = host.folder / "workers"
    workers.mkdir()
    (workers / "dead").touch()
    for holder in ("dead", "living"):
        with host.desk.database.begin(Scope(system_actor("worker")), Role.SYSTEM) as tx:
            assert queries.claim(tx, holder, 3600.0) is not None
    executor = SimulatedExecutor({"work:one": lambda x0: x0})
    with Presence(workers, "living"), WorkerThread(host.tools(executor)):
        wait_until(lambda: host.status(runs[0]) == "succeeded", "the dead worker's run is taken up")
        assert host.status(runs[1]) == "running"
    assert executor.cleared == ["dead"]
    assert executor.times("work:one") == 1
