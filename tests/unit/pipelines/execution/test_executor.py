from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.core.clock import SystemClock
from tenuto.pipelines.execution.executor import ExecutorConfig, StepExecutor


def executor(folder: Path, owner: str) -> StepExecutor:
    return StepExecutor(ExecutorConfig(folder, owner), lambda: "environment", SystemClock())


@pytest.mark.capability("O2")
def test_what_a_dead_worker_left_is_removed_and_nobody_elses(tmp_path: Path) -> None:
    dead, living = "0193a000-0000-7000-8000-00000aaaaaaa", "0193a000-0000-7000-8000-00000bbbbbbb"
    left = tmp_path / "step-aaaaaa-x1"
    for folder in (left, tmp_path / "step-bbbbbb-x1", tmp_path / "other"):
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "rows.csv").write_text("1\n")
    (left / "data").chmod(0o500)  # a step may have taken its own rights away
    made = executor(tmp_path, living)
    made.clear_after(dead)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other", "step-bbbbbb-x1"]
    made.clear_after(dead)
    made.close()


def test_a_folder_that_is_not_there_yet_holds_nothing_of_anybody(tmp_path: Path) -> None:
    made = executor(tmp_path / "none", "a")
    made.clear_after("b")
    made.close()
    assert not (tmp_path / "none").exists()
