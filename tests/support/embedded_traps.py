"""Closes a run of the embedded PostgreSQL's tests with which trap was tried, and which not and why.

Loaded from the root: with workers, the closing lines are written by a controller that reads no other conftest.
"""

from __future__ import annotations

import pytest

FOLDER = "tests/system/embedded_postgres/"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        (report, outcome)
        for outcome in ("passed", "failed", "error", "skipped")
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
