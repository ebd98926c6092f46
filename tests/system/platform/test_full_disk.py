"""The one real drill: a whole platform on a small file system that fills up to the last byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.small_disk import on_small_disk

pytestmark = pytest.mark.system

_SCRIPT = Path(__file__).with_name("full_disk.py")
_REFUSALS = {
    "apply": "store.database_full",
    "ingest": "store.disk_full",
    "upload": "web.upload_no_space",
    "call": "database_full",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the drill saw, by phase."""
    disk, clients = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("clients")
    said = on_small_disk(disk, "200m", _SCRIPT, str(disk), str(clients))
    phases = [json.loads(line) for line in said.splitlines()]
    return {phase.pop("phase"): phase for phase in phases}


def require_refused(told: dict[str, Any]) -> None:
    for name, answer in told.items():
        assert (answer["status"], answer["code"]) == (507, _REFUSALS[name]), answer
        assert "Free space" in answer.get("fix", answer.get("message"))
        assert answer.get("retryable", True)


@pytest.mark.parametrize("phase", ["cramped", "full"])
def test_changes_are_refused_with_the_fix_while_reading_goes_on(
    seen: dict[str, dict[str, Any]], phase: str
) -> None:
    require_refused(seen[phase]["told"])
    assert seen[phase]["reads"] == [200, 200, 200]


def test_a_database_that_ended_for_want_of_room_is_told_as_a_full_disk(
    seen: dict[str, dict[str, Any]],
) -> None:
    assert seen["database gone"]["gone"]
    answer = seen["database gone"]["told"]["apply"]
    assert (answer["status"], answer["code"], answer["retryable"]) == (507, "store.database_full", True)


def test_it_goes_on_by_itself_when_there_is_room_and_nothing_is_lost_or_half_written(
    seen: dict[str, dict[str, Any]],
) -> None:
    before, after = seen["before"]["kept"], seen["after"]["kept"]
    assert {answer["status"] for answer in seen["after"]["told"].values()} == {200}
    assert seen["cramped"]["kept"] == before
    assert after["datasets"] > before["datasets"]
    assert after["workspaces"] > before["workspaces"]
    assert seen["after"]["left"] == []
    assert after["calls"] == seen["upstream"]["calls"]
    assert seen["stopped"]["code"] == 0


def test_the_command_line_tells_it_and_leaves_no_file(seen: dict[str, dict[str, Any]]) -> None:
    export = seen["full"]["export"]
    assert (export["code"], export["retryable"], export["left"]) == ("store.database_full", True, False)
    assert "Free space" in export["fix"]
