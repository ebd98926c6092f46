"""The benchmark runner writes what the benchmarks said, keeps what was not run, and tells what failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.house import ROOT

ONE = """
import json
print("progress")
print(json.dumps({"title": "One", "conditions": "Once.", "columns": ["what", "ms"], "rows": [["a | b", "1"]]}))
"""
TWO = ONE.replace("One", "Two")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("tools", "benchmarks", "docs"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "tools/bench.py", tmp_path / "tools")
    shutil.copy(ROOT / "docs/benchmarks.md", tmp_path / "docs")
    (tmp_path / "benchmarks/one.py").write_text(ONE)
    (tmp_path / "benchmarks/two.py").write_text(TWO)
    return tmp_path


def _bench(folder: Path, *names: str) -> tuple[int, str]:
    command = [sys.executable, folder / "tools/bench.py", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_table_is_written_with_its_conditions(copy: Path) -> None:
    code, said = _bench(copy)
    page = (copy / "docs/benchmarks.md").read_text()
    assert code == 0, said
    assert "## One\n\n| what | ms |\n| --- | --- |\n| a \\| b | 1 |\n\nOnce. " in page
    assert page.index("## One") < page.index("## Two") < page.index("<!-- /tables -->")


def test_what_was_not_run_or_failed_keeps_its_table(copy: Path) -> None:
    _bench(copy)
    (copy / "benchmarks/one.py").write_text(ONE.replace("Once.", "Twice."))
    (copy / "benchmarks/two.py").write_text("raise SystemExit('no room')")
    code, said = _bench(copy)
    page = (copy / "docs/benchmarks.md").read_text()
    assert code == 1
    assert "failed: two" in said
    assert "Twice." in page
    assert page.count("## Two") == 1
    assert _bench(copy, "one")[0] == 0
    assert (copy / "docs/benchmarks.md").read_text().count("## ") == 2


def test_an_unknown_benchmark_is_refused_with_those_there_are(copy: Path) -> None:
    code, said = _bench(copy, "three")
    assert code == 2
    assert "no such benchmark: three; there are: one, two" in said
