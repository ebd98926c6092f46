"""The documentation builds without a warning, and its reference shows what the code declares."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.test_faults import DECLARED
from docs.pages import ROOT


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, ROOT / "tools/reference.py", folder], check=True)
    return folder


def test_every_fault_has_its_line_in_the_reference(reference: Path) -> None:
    text = (reference / "errors.md").read_text("utf-8")
    assert [fault.code for fault in DECLARED.values() if f"| `{fault.code}` |" not in text] == []


@pytest.mark.skipif(importlib.util.find_spec("tenuto.app") is None, reason="settings do not stand yet")
def test_every_setting_has_its_line_and_its_meaning(reference: Path) -> None:
    settings = importlib.import_module("tenuto.app.settings").Settings
    lines = (reference / "settings.md").read_text("utf-8").splitlines()
    for name in settings.__struct_fields__:
        line = next((line for line in lines if line.startswith(f"| `TENUTO_{name.upper()}` |")), None)
        assert line is not None, name
        assert len(line.strip("| ").split(" | ")) == 4, f"{name} has no sentence that says what it is for"


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/build_docs.py", tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "html/reference/generated/errors.html").exists()
