"""The frame a newcomer and CI meet: Makefile, reduced environment, closing list of what was not run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"help", "setup", "soak", "demo", "up", "test", "check", "fmt", "bench", "docs", "lock"}


def test_make_without_a_target_lists_every_target_with_a_sentence() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = {line.split()[1]: line.split(maxsplit=2)[2] for line in shown.splitlines() if "  make " in line}
    assert set(listed) == TARGETS
    assert all(listed.values())


def test_the_newcomers_environment_drops_what_only_this_machine_has() -> None:
    given = {
        "HOME": os.environ["HOME"],
        "PATH": f"/opt/secret/bin:{os.environ['PATH']}",
        "PYTHONPATH": "/somewhere",
        "TENUTO_DATABASE_URL": "postgresql://elsewhere",
        "AWS_SECRET_ACCESS_KEY": "x",
        "CI": "true",
        "SSL_CERT_FILE": "/etc/certificates",
        "PIP_INDEX_URL": "file:///index with spaces",
        "https_proxy": "proxy",
    }
    shown = subprocess.run(
        [ROOT / "tools/newcomer.sh", "env", "-0"], env=given, capture_output=True, text=True, check=True
    ).stdout
    kept = dict(item.split("=", 1) for item in shown.split("\0") if item)
    assert {name for name in given if name not in kept} == {
        "PYTHONPATH",
        "TENUTO_DATABASE_URL",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert "/opt/secret/bin" not in kept["PATH"]
    assert kept["PIP_INDEX_URL"] == "file:///index with spaces"


def test_a_missing_interpreter_is_refused_with_the_fix(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", ROOT / "tools/environment.sh", tmp_path / "env", "requirements/base.txt", "3.99"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.99, and none is on PATH" in done.stderr
    assert "make PYTHON=/path/to/python3.99" in done.stderr
    assert not (tmp_path / "env").exists()


def test_an_interpreter_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", ROOT / "tools/environment.sh", tmp_path / "env", "requirements/base.txt", "3.99"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"PYTHON={sys.executable} is not a Python 3.99" in done.stderr


@pytest.fixture
def machine_without_browser(tmp_path: Path) -> Path:
    """A PATH of little more than a shell, where apt-get notes its calls and installs a browser when it may."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cat", "chmod", "env", "mktemp", "rm", "tail"):
        (folder / name).symlink_to(shutil.which(name) or "")
    _program(folder / "id", "echo 0")
    _program(folder / "sleep", "exit 0")
    _program(
        folder / "apt-get",
        f'echo "$*" >> {tmp_path}/calls\n'
        f'[ -e {tmp_path}/offline ] && echo "no network" && exit 100\n'
        f'case "$*" in *chromium*) : > {folder}/chromium; chmod +x {folder}/chromium;; esac',
    )
    return tmp_path


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _packages(machine: Path, **environment: str) -> str:
    done = subprocess.run(
        ["/bin/sh", ROOT / "tools/system_packages.sh"],
        env={"PATH": str(machine / "bin")} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def test_nothing_is_installed_unless_somebody_said_so(machine_without_browser: Path) -> None:
    said = _packages(machine_without_browser)
    assert "not installed: chromium" in said
    assert "TENUTO_TEST_APT=1" in said
    assert not (machine_without_browser / "calls").exists()


@pytest.mark.parametrize("permission", [{"CI": "true"}, {"TENUTO_TEST_APT": "1"}])
def test_a_browser_is_installed_once_where_it_may_be(
    machine_without_browser: Path, permission: dict[str, str]
) -> None:
    _packages(machine_without_browser, **permission)
    assert "install -y --no-install-recommends chromium" in (machine_without_browser / "calls").read_text()
    (machine_without_browser / "calls").unlink()
    assert _packages(machine_without_browser, **permission) == ""
    assert not (machine_without_browser / "calls").exists()


def test_a_browser_that_cannot_be_had_is_named_loudly(machine_without_browser: Path) -> None:
    (machine_without_browser / "offline").touch()
    said = _packages(machine_without_browser, CI="true")
    assert (machine_without_browser / "calls").read_text().count("update") == 3
    assert "no network" in said
    assert "NOT INSTALLED: chromium" in said


SKIPPING = """
import pytest

@pytest.mark.skip(reason={reason!r})
def test_left_out(): ...

def test_run(): ...
"""


@pytest.mark.parametrize(
    ("reason", "ci", "code"),
    [
        ("the moon is wrong", "true", 1),
        ("the moon is wrong", "", 0),
        ("needs user namespaces, refused here", "true", 0),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_what_was_not_run_is_listed_and_fails_ci_unless_declared(
    tmp_path: Path, reason: str, ci: str, code: int, workers: list[str]
) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING.format(reason=reason))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "support.not_run",
            "-c",
            "/dev/null",
            "--rootdir",
            ".",
            *workers,
            ".",
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests"), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"not run because {reason}\n    test_some.py (1)" in done.stdout
    assert done.returncode == code


TRAPS = """
import pytest

def test_a_stale_file(): ...

@pytest.mark.skip(reason="needs root")
def test_a_strangers_folder(): ...

@pytest.fixture
def broken():
    raise OSError

def test_a_full_disk(broken): ...
"""


def test_the_traps_of_the_embedded_server_are_listed_with_workers_too(tmp_path: Path) -> None:
    """From the root, as `make test` runs: a conftest beside those tests would be read by the workers only."""
    folder = tmp_path / "tests/system/embedded_postgres"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    (folder / "test_traps.py").write_text(TRAPS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", ".", "-n", "1", "tests"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    _, _, table = done.stdout.partition(" embedded PostgreSQL ")
    assert "ran  a stale file\n" in table, done.stdout + done.stderr
    assert "ran and FAILED  a full disk\n" in table
    assert "not run because needs root:  a strangers folder\n" in table
