"""Importing defines things; it opens, starts and creates none. The command line loads only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from architecture.house import sources

WATCH = Path(__file__).with_name("import_watch.py")
# Rooms and libraries that `tenuto --help` must not wait for.
HEAVY = {
    "sqlalchemy",
    "psycopg",
    "starlette",
    "granian",
    "cedarpy",
    "cryptography",
    "fsspec",
    "jinja2",
    "numpy",
}
LIGHT_ROOMS = {"tenuto", "tenuto.core", "tenuto.cli"}
LIGHT_COMMAND_LINE = {"tenuto.cli.listing", "tenuto.cli.main"}


def _watched(modules: list[str], folder: Path | None = None) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-B", WATCH],
        input="\n".join(modules),
        cwd=folder,
        env={"PYTHONPATH": str(folder)} if folder else {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _is_run(inside: tuple[str, ...]) -> bool:
    """Programs are run, not imported; the demo's project is a user's code, with a user's imports."""
    return inside[-1] == "__main__.py" or inside[:3] == ("cli", "demo", "project")


def test_importing_any_module_opens_nothing() -> None:
    modules = [source.module for source in sources() if not _is_run(source.inside)]
    found = _watched(modules)
    said = [f"importing {item['module']} {item['what']} {item['of']} {item['where']}" for item in found]
    assert not found, "\n".join(["", *said, "fix: do it in a function that `app` calls."])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import socket\nsocket.socket()", "opens a socket"),
        ("open('made', 'w').close()", "writes a file"),
        ("open(__file__).close()", "reads a file"),
        ("import subprocess\nsubprocess.run(['true'])", "starts a process"),
        (
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
            "starts a thread",
        ),
        ("import os\nos.mkdir('made')", "creates a folder"),
        ("1 / 0", "does not load: ZeroDivisionError('division by zero')"),
        ("import json, decimal", None),
    ],
)
def test_the_watch_sees_what_an_import_does(tmp_path: Path, text: str, what: str | None) -> None:
    package = tmp_path / "tenuto"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "suspect.py").write_text(text)
    found = {item["what"] for item in _watched(["tenuto.suspect"], tmp_path)}
    assert found == ({what} if what else set())


HELP = """
import json, sys
from tenuto.cli.main import main
sys.argv = ["tenuto", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("\\nloaded:" + json.dumps(sorted(sys.modules)))
"""


def test_help_imports_no_command_module() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.rsplit("loaded:", 1)[1]))
    rooms = {name for name in loaded if name.startswith("tenuto.") and name.count(".") == 1} - LIGHT_ROOMS
    commands = {name for name in loaded if name.startswith("tenuto.cli.")} - LIGHT_COMMAND_LINE
    assert not rooms | commands | (loaded & HEAVY), (
        "fix: register commands by import path, load them when called"
    )
