"""Each step of the demo in turn is sabotaged from outside, notices, and is named; then it happens for real.

One platform serves them all. A saboteur mends what it broke, so the steps after it stand on a sound stage; the
tests build on one another in the order of the script.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

import tenuto
from system.demo.saboteurs import SABOTAGES
from tenuto.cli.commands.demo import closing, conclude
from tenuto.cli.demo.cleaning import private_folder
from tenuto.cli.demo.performance import PROJECT
from tenuto.cli.demo.report import Report, write
from tenuto.cli.demo.script import STEPS, Step, play
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.theatre import stage as built
from tenuto.cli.demo.words import Proof, Row

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

# What each sabotage makes the step say.
WHY = {
    "dataset": "values in the bytes that come back",
    "pipeline": "the killed worker, is still the worker",
    "approval": "stage after the approval",
    "deployment": "does not answer",
    "rollback": "does not answer",
    "calls": "reached the upstream",
    "failover": "the answer came from 'simulator-1",
    "budget": "never ran out",
    "ledger": "against what the upstreams counted",
    "audit": "problems found in the exported bundle",
    "tampering": "ended with 0, not 1",
}


@pytest.fixture(scope="module")
def standing() -> Iterator[Stage]:
    with private_folder() as folder, built(folder, PROJECT, lambda _said: None) as stage:
        yield stage


def test_every_step_has_its_saboteur() -> None:
    assert list(SABOTAGES) == list(STEPS) == list(WHY)


@pytest.mark.parametrize("key", STEPS)
def test_a_sabotaged_step_is_named_and_ends_the_demo_with_1(
    key: str, standing: Stage, tmp_path: Path
) -> None:
    with SABOTAGES[key](standing) as sabotaged:
        told = _played(sabotaged, key, STEPS[key])
    assert told.failure is not None, f"the sabotage of `{key}` went unnoticed: {told.rows}"
    assert told.failure.key == key
    assert WHY[key] in told.failure.why
    _assert_it_is_said(told, tmp_path)
    told = _played(standing, key, STEPS[key])
    assert told.failure is None, told.failure
    conclude(told)


def test_a_step_read_back_by_the_client_that_did_it_has_not_happened(standing: Stage) -> None:
    def listed(stage: Stage, *_work: Any) -> list[Any]:
        return stage.owner.client.registry.datasets()

    told = _played(standing, "dataset", Step(listed, listed, lambda _work, _seen: Proof("seen")))
    assert told.failure is not None
    assert "read back by what did the work: python_client" in told.failure.why


def test_a_step_that_nobody_reads_back_has_not_happened(standing: Stage) -> None:
    silent = Step(
        lambda stage: stage.owner.client.registry.datasets(), lambda _stage, _work: None, lambda *_: Proof("")
    )
    told = _played(standing, "dataset", silent)
    assert told.failure is not None
    assert "nobody read anything back" in told.failure.why


def _played(stage: Stage, key: str, step: Step) -> Report:
    rows: list[Row] = []
    _, failure = play(stage, {key: step}, lambda _key: None, rows.append)
    return Report(tenuto.__version__, datetime.now(UTC), 1.0, rows, failure)


def _assert_it_is_said(told: Report, folder: Path) -> None:
    """The exit code, the terminal, the JSON and both pages: all of them say which step it was."""
    assert told.failure is not None
    with pytest.raises(SystemExit) as ended:
        conclude(told)
    assert ended.value.code == 1
    console = Console(file=io.StringIO(), record=True, width=400)
    closing(console, told, folder)
    assert "NOT DONE" in console.export_text()
    plain, *pages = write(told, folder)
    assert msgspec.json.decode(plain.read_bytes())["failure"] == msgspec.to_builtins(told.failure)
    for texts, page in zip(TEXTS.values(), pages, strict=True):
        assert f"✗ {texts[told.failure.key]}" in page.read_text("utf-8")
