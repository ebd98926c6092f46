"""The documentation builds without a warning, and its reference shows what the code declares."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.house import sources
from architecture.test_faults import DECLARED
from docs.pages import ROOT
from tenuto.app.settings import Settings
from tenuto.cli.main import COMMANDS

KINDS = ("Budget", "EgressRule", "Endpoint", "Gate", "Price", "Provider", "Route", "Source", "Workspace")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, ROOT / "tools/reference.py", folder], check=True)
    return folder


def test_every_fault_has_its_line_in_the_reference(reference: Path) -> None:
    text = (reference / "errors.md").read_text("utf-8")
    assert [fault.code for fault in DECLARED.values() if f"| `{fault.code}` |" not in text] == []


def test_every_setting_has_its_line_and_its_meaning(reference: Path) -> None:
    lines = (reference / "settings.md").read_text("utf-8").splitlines()
    for name in Settings.__struct_fields__:
        line = next((line for line in lines if line.startswith(f"| `TENUTO_{name.upper()}` |")), None)
        assert line is not None, name
        assert len(line.strip("| ").split(" | ")) == 4, f"{name} has no sentence that says what it is for"


def test_every_kind_has_its_heading_and_every_command_too(reference: Path) -> None:
    headings = (reference / "kinds.md").read_text("utf-8").splitlines()
    assert [name for name in KINDS if f"## {name}" not in headings] == []
    headings = (reference / "commands.md").read_text("utf-8").splitlines()
    assert [one.name for one in COMMANDS if f"## tenuto {one.name}" not in headings] == []


def test_every_route_of_the_api_has_its_heading(reference: Path) -> None:
    headings = (reference / "http-api.md").read_text("utf-8").splitlines()
    areas = [source for source in sources() if source.module.startswith("tenuto.web.api.")]
    declaring = [area.module for area in areas if "def routes(" in area.text]
    routes = [route for module in declaring for route in importlib.import_module(module).routes()]
    assert len(routes) > 10
    assert [route for route in routes if f"### `{route.method} {route.path}`" not in headings] == []


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/build_docs.py", tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "html/reference/generated/errors.html").exists()
