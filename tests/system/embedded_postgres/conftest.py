"""Homes to break, and the closing table: which trap was tried, which was not and why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import data_of, embedded, fast_folder, nothing_left, remove

FOLDER = "tests/system/embedded_postgres/"


@pytest.fixture(scope="session")
def made_home() -> Iterator[Path]:
    """A home whose server was started and stopped once: tests work on copies of it."""
    folder = fast_folder()
    try:
        embedded(folder / "home").start().stop()
        yield folder / "home"
    finally:
        remove(folder)


@pytest.fixture
def short() -> Iterator[Path]:
    """An empty private folder with a short path, as a socket likes it."""
    folder = fast_folder()
    try:
        yield folder
    finally:
        remove(folder)


@pytest.fixture
def home(short: Path, made_home: Path) -> Iterator[Path]:
    shutil.copytree(made_home, short / "home")
    with nothing_left(lambda: data_of(short / "home")):
        yield short / "home"


@pytest.fixture
def new_home(short: Path) -> Iterator[Path]:
    with nothing_left(lambda: data_of(short / "home")):
        yield short / "home"


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        (report, outcome)
        for outcome in ("passed", "failed", "skipped")
        for report in terminalreporter.stats.get(outcome, ())
        if report.nodeid.startswith(FOLDER)
    ]
    if not reports:
        return
    terminalreporter.section("embedded PostgreSQL")
    for report, outcome in sorted(reports, key=lambda pair: pair[0].nodeid):
        trap = report.nodeid.split("::", 1)[-1].removeprefix("test_").replace("_", " ")
        terminalreporter.line(f"{_as_run(report, outcome)}  {trap}")


def _as_run(report: pytest.TestReport, outcome: str) -> str:
    if outcome != "skipped":
        return "ran" if outcome == "passed" else "ran and FAILED"
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return f"not run because {reason.removeprefix('Skipped: ')}:"
