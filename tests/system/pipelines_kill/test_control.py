"""The process that starts, stops and shows runs is killed on its way through each of its calls.

A call counts whole or not at all, showing changes nothing, and runs go on without whoever started them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support import crashing_control
from support.crashing_control import POINTS, Order
from support.kill_host import KillHost, Watched
from support.step_bench import wait_until
from tenuto.app.building import load_tables

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]
SCRIPT = Path(crashing_control.__file__)


class Control:
    def __init__(self, host: KillHost) -> None:
        assert host.host.scope.workspace is not None
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT), str(host.home), host.host.scope.workspace],
            env={"PYTHONPATH": str(SCRIPT.parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, order: Order) -> tuple[str | None, int]:
        """Return the answer, None if the process died before it, and the exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(msgspec.json.encode(order).decode(), file=self._process.stdin, flush=True)
        answer: str | None = None
        while isinstance(word := msgspec.json.decode(self._process.stdout.readline()), str):
            answer = word
        return answer, word

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def control(host: KillHost) -> Iterator[Control]:
    made = Control(host)
    yield made
    made.close()


def traces(host: KillHost) -> dict[str, int]:
    """Count all that a call about runs may leave."""
    tables = load_tables().tables
    return {
        name: len(host.host.rows(sa.select(tables[name])))
        for name in ("run", "run_task", "run_log", "outbox_event", "audit_record")
    }


def events(host: KillHost, run: str) -> list[str]:
    told = host.host.rows(sa.text("select type from outbox_event where subject = :run order by seq"), run=run)
    return [row.type for row in told]


def actions(host: KillHost, run: str) -> list[str]:
    records = host.host.rows(
        sa.text("select action from audit_record where resource_id = :run order by at"), run=run
    )
    return [row.action for row in records]


def finish(host: KillHost) -> None:
    worker = host.worker()
    wait_until(lambda: host.open_runs() == 0, "the runs end", timeout=60)
    os.kill(worker, signal.SIGTERM)


@pytest.mark.parametrize("point", [*POINTS, None])
def test_a_run_is_there_once_or_not_at_all(
    host: KillHost, control: Control, undisturbed: dict[str, Any], point: str | None
) -> None:
    before, known = traces(host), {one.id for one in host.runs()}
    new, marks = host.new_run()
    answer, code = control.call(Order("submit", point, new=new))
    assert (answer is None, code) == ((False, 0) if point is None else (True, -signal.SIGKILL))
    made = [one.id for one in host.runs() if one.id not in known]
    if point not in {"committed", None}:
        assert (made, traces(host)) == ([], before)
        return
    assert answer in {None, *made}
    [run] = made
    finish(host)
    host.require_whole(Watched(run, marks), undisturbed)


@pytest.mark.parametrize("point", [*POINTS, None])
def test_a_run_is_cancelled_once_or_not_at_all(
    host: KillHost, control: Control, undisturbed: dict[str, Any], point: str | None
) -> None:
    watched = host.submit()
    before = traces(host)
    control.call(Order("cancel", point, run=watched.run))
    if point not in {"committed", None}:
        assert traces(host) == before
        finish(host)
        host.require_whole(watched, undisturbed)
        return
    finish(host)
    assert host.host.status(watched.run) == "cancelled"
    assert events(host, watched.run) == ["run.submitted", "run.cancel_requested", "run.finished"]
    asked = [action for action in actions(host, watched.run) if action == "pipelines:run:cancel"]
    assert len(asked) == 1
    assert not watched.marks.exists() or not list(watched.marks.iterdir()), "a step ran after all"


@pytest.mark.parametrize("verb", ["run", "runs", "logs"])
@pytest.mark.parametrize("point", POINTS)
def test_showing_a_run_changes_nothing(host: KillHost, control: Control, verb: str, point: str) -> None:
    [run, *_] = [one.id for one in host.runs()]
    before = traces(host)
    answer, code = control.call(Order(verb, point, run=run))
    assert (answer, code) == (None, -signal.SIGKILL)
    assert traces(host) == before
    answer, code = control.call(Order(verb, None, run=run))
    assert answer
    assert code == 0


@pytest.mark.timeout(120)
def test_runs_go_on_while_control_dies_again_and_again(
    host: KillHost, control: Control, undisturbed: dict[str, Any]
) -> None:
    runs = [host.submit() for _ in range(2)]
    worker = host.worker()
    deaths = 0
    while host.open_runs():
        for watched in runs:
            for point in POINTS:
                _, code = control.call(Order("run", point, run=watched.run))
                deaths += code == -signal.SIGKILL
        host.note(runs)
    os.kill(worker, signal.SIGTERM)
    assert deaths >= len(POINTS)
    for watched in runs:
        host.require_whole(watched, undisturbed)
