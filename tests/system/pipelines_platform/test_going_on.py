"""Processes of a platform are killed while runs are under way. It is one of its own: others want theirs whole."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.crashing_worker import children_of
from support.running import CommandLine, RunningPlatform, set_up, start_platform
from support.step_bench import wait_until
from system.platform.doors import admin, apply, ask

pytestmark = [pytest.mark.system, pytest.mark.capability("O2"), pytest.mark.timeout(240)]
STEPS = 6
DEATHS = 3
FLOW = """
import time

from tenuto.client import pipeline, step


@step(cache=False)
def slow(number: int) -> int:
    time.sleep(0.3)
    return number + 1


@pipeline
def chain(number: int) -> int:
    for _ in range(6):
        number = slow(number)
    return number
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    started = start_platform(tmp_path_factory.mktemp("platform") / "home")
    try:
        set_up(started, CommandLine(tmp_path_factory.mktemp("owner")))
        status, told = apply(started, "lab")
        assert status == 200, told
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def run_body(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What starts the pipeline again: its graph and its code, as the command line sent them."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "flow.py").write_text(FLOW)
    known = {"TENUTO_URL": platform.address, "TENUTO_TOKEN": platform.key, "TENUTO_WORKSPACE": "lab"}
    CommandLine(folder, known)("run", "flow.py", "--param", "number=1", "--follow")
    [(graph, code)] = query(platform, "select graph, code from run")
    return json.dumps({"graph": graph, "code": code, "parameters": {"number": "1"}}).encode()


def query(platform: RunningPlatform, statement: Any, *values: Any) -> list[tuple[Any, ...]]:
    with admin(platform.home) as connection:
        return connection.execute(statement, values).fetchall()


def submit(platform: RunningPlatform, body: bytes) -> str:
    status, told = ask(platform, "POST", "/api/v1/runs", body, workspace="lab")
    assert status < 300, told
    run: str = told["id"]
    return run


def processes(platform: RunningPlatform, name: str) -> list[int]:
    """Return the living processes of a name, of those that the platform has started."""
    found = []
    for process in children_of(platform.process.pid):
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        if name.encode() in words:
            found.append(process)
    return found


def status_of(platform: RunningPlatform, run: str) -> str:
    [(status,)] = query(platform, "select status from run where id = %s", run)
    return str(status)


def executions(platform: RunningPlatform, run: str) -> list[int]:
    told = query(platform, "select executions from run_task where run_id = %s order by node", run)
    return [row[0] for row in told]


def ended_steps(platform: RunningPlatform, run: str) -> int:
    [(count,)] = query(
        platform, "select count(*) from run_task where run_id = %s and status = 'succeeded'", run
    )
    return int(count)


def answers(platform: RunningPlatform) -> bool:
    try:
        return ask(platform, "GET", "/api/v1/runs", workspace="lab")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_the_run_of_a_killed_worker_goes_on_without_waiting_for_its_lease(
    platform: RunningPlatform, run_body: bytes
) -> None:
    run = submit(platform, run_body)
    wait_until(lambda: ended_steps(platform, run) >= 2, "the run is in the middle")
    [worker] = processes(platform, "worker")
    [(holder,)] = query(platform, "select holder from run where id = %s", run)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: status_of(platform, run) == "succeeded", "the run ends", timeout=60)
    counts = executions(platform, run)
    assert sorted(counts) in ([1] * STEPS, [*([1] * (STEPS - 1)), 2]), "only what was under way ran again"
    log = (platform.home / "logs" / "worker.log").read_text()
    assert f"worker.died holder={holder} runs=1" in log, "its lease was given up for it"
    assert not list((platform.home / "work" / "steps").glob(f"step-{str(holder)[-6:]}-*"))


def test_a_run_goes_on_while_control_is_dead(platform: RunningPlatform, run_body: bytes) -> None:
    """It is killed again whenever it comes back, until the run has ended."""
    run = submit(platform, run_body)
    wait_until(lambda: ended_steps(platform, run) >= 1, "the run is under way")
    deaths = 0
    while status_of(platform, run) == "running":
        for process in processes(platform, "control"):
            os.kill(process, signal.SIGKILL)
            deaths += 1
    assert deaths > 0
    assert status_of(platform, run) == "succeeded"
    assert executions(platform, run) == [1] * STEPS
    wait_until(lambda: answers(platform), "control is back", timeout=90)


def test_what_control_has_answered_is_so_however_often_it_is_killed(
    platform: RunningPlatform, run_body: bytes
) -> None:
    """Runs are started, shown and cancelled one after the other while it dies under them."""
    before = {row[0] for row in query(platform, "select id from run")}
    taken: set[uuid.UUID] = set()
    cancelled: set[uuid.UUID] = set()
    asked = 0
    with dying(platform, random.Random(3)) as over:
        while not over.is_set():
            asked += 1
            run = tried(platform, "POST", "/api/v1/runs", run_body)
            if run is None:
                continue
            taken.add(uuid.UUID(run["id"]))
            tried(platform, "GET", f"/api/v1/runs/{run['id']}")
            if tried(platform, "POST", f"/api/v1/runs/{run['id']}/cancel"):
                cancelled.add(uuid.UUID(run["id"]))
    there = {row[0] for row in query(platform, "select id from run")} - before
    assert taken <= there, "a run was answered and is lost"
    assert len(there) <= asked, "a run is there twice"
    open_ = "select count(*) from run where status in ('queued', 'running')"
    wait_until(lambda: query(platform, open_) == [(0,)], "all runs end", timeout=120)
    statement = "select resource_id, action from audit_record where resource_id = any(%s)"
    records = Counter(query(platform, statement, [str(run) for run in there]))
    for run in there:
        assert records[str(run), "pipelines:run:submit"] == records[str(run), "pipelines:run:finish"] == 1
    for run in cancelled:
        assert status_of(platform, str(run)) == "cancelled"
        assert records[str(run), "pipelines:run:cancel"] == 1


@contextmanager
def dying(platform: RunningPlatform, chance: random.Random) -> Iterator[threading.Event]:
    """Kill control some time after each time that it answers; tell when it has died often enough."""
    over = threading.Event()

    def kill() -> None:
        try:
            for _ in range(DEATHS):
                wait_until(lambda: answers(platform), "control answers", timeout=90)
                over.wait(chance.uniform(0.0, 0.6))
                for process in processes(platform, "control"):
                    os.kill(process, signal.SIGKILL)
            wait_until(lambda: answers(platform), "control answers", timeout=90)
        finally:
            over.set()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield over
    finally:
        killer.join()


def tried(platform: RunningPlatform, method: str, path: str, body: bytes | None = None) -> Any:
    """Return the answer, or None when there came none or one that says why not."""
    try:
        status, told = ask(platform, method, path, body, workspace="lab")
    except (OSError, http.client.HTTPException):
        return None
    if status < 300:
        return told
    assert status in {502, 503}, told
    assert told["fix"], told
    return None
