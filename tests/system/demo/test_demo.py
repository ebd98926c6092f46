"""The demo happens, its report says so, and it fails when a step does not happen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tenuto.cli.demo.performance import Audience, perform
from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.words import require_equal

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["en"].keys() == TEXTS["fr"].keys()
    assert set(STEPS) <= TEXTS["en"].keys()


def test_the_whole_demo_happens(tmp_path: Path) -> None:
    tenuto = Path(sys.executable).with_name("tenuto")
    command = [str(tenuto), "demo", "--json", "--into", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    report = json.loads(ended.stdout)
    assert report["failure"] is None
    assert [row["key"] for row in report["rows"]] == list(STEPS)
    assert json.loads((tmp_path / "demo-report.json").read_text())["rows"] == report["rows"]
    for language in TEXTS:
        page = (tmp_path / f"demo-report.{language}.html").read_text("utf-8")
        assert TEXTS[language]["title"] in page
        assert page.count("<svg") == 4


def test_a_step_that_did_not_happen_is_named(tmp_path: Path) -> None:
    def lying(stage: Stage) -> tuple[str, dict[str, object]]:
        evidence, facts = STEPS["dataset"](stage)
        require_equal(stage.approver.get("/api/v1/datasets")["items"], [], "datasets, if none had been made")
        return evidence, facts

    report = perform(Audience(), into=tmp_path, steps={"dataset": lying})
    assert report.failure is not None
    assert report.failure.key == "dataset"
    assert report.rows == []
    assert "datasets, if none had been made" in (tmp_path / "demo-report.en.html").read_text("utf-8")
