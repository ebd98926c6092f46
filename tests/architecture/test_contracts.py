"""The import contracts are shown to bite: a small house that breaks every one of them is caught line by line.

That the real house keeps them is what ``lint-imports`` says in ``make check``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from architecture.house import ROOT

# contract -> (file below tenuto, what it imports)
BREAKING = {
    "The house": ("store/blobs.py", "from tenuto.govern import words"),
    "core does no input or output": ("core/words.py", "import fsspec"),
    "Plugins are reached by entry point": ("gateway/flow.py", "def f():\n    import tenuto.adapters.acme"),
    "The client is a stranger's": ("client/api.py", "from tenuto.govern import words"),
    "SQL stands in the store": ("govern/rules.py", "import sqlalchemy"),
    "Only the store speaks to the database driver": ("govern/queries.py", "import psycopg"),
    "The web framework stays in web": ("app/build.py", "from starlette.routing import Route"),
    "Servers are run by": ("govern/words.py", "import granian"),
    "Bytes of HTTP are read in the gateway": ("web/http.py", "import httptools"),
    "Policies are decided in govern": ("web/policy.py", "import cedarpy"),
    "Learning libraries stay": ("gateway/tables.py", "if TYPE_CHECKING:\n    import numpy"),
    "The command line draws": ("app/progress.py", "import rich"),
}
INNOCENT = {
    "store/database.py": "import sqlalchemy, psycopg",
    "govern/tables.py": "import sqlalchemy",
    "govern/people/queries.py": "import sqlalchemy",
    "govern/cedar.py": "import cedarpy",
    "web/routes.py": "import starlette, granian",
    "gateway/server.py": "import granian, httptools",
    "serving/onnx.py": "import numpy, onnxruntime",
    "client/steps.py": "from tenuto.core import errors",
    "adapters/acme.py": "from tenuto.gateway import words",
    "cli/main.py": "import cyclopts, rich",
}
FRAME = ["core/errors.py", "govern/words.py", "gateway/words.py"]


def _build(folder: Path, files: dict[str, str]) -> None:
    for name, text in (dict.fromkeys(FRAME, "") | files).items():
        path = folder / "tenuto" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for package in [folder / "tenuto", *(path for path in (folder / "tenuto").rglob("*") if path.is_dir())]:
        (package / "__init__.py").touch()


def _lint(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / ".importlinter", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_allowed_is_kept(tmp_path: Path) -> None:
    _build(tmp_path, INNOCENT)
    code, said = _lint(tmp_path)
    assert code == 0, said


@pytest.fixture(scope="module")
def broken_house(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("broken")
    _build(folder, INNOCENT | dict(BREAKING.values()))
    code, said = _lint(folder)
    assert code == 1, said
    return said


@pytest.mark.parametrize("contract", BREAKING)
def test_the_contract_bites(contract: str, broken_house: str) -> None:
    module = "tenuto." + BREAKING[contract][0].removesuffix(".py").replace("/", ".")
    verdicts = [line for line in broken_house.splitlines() if line.startswith(contract)]
    assert any("BROKEN" in line for line in verdicts), f"{contract}: {verdicts}"
    assert f"{module} -> " in broken_house


def test_every_contract_is_shown_to_bite() -> None:
    names = [
        line.removeprefix("name = ")
        for line in (ROOT / ".importlinter").read_text("utf-8").splitlines()
        if line.startswith("name = ")
    ]
    assert [name for name in names if not any(name.startswith(shown) for shown in BREAKING)] == []
