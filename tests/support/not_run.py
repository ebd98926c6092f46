"""Closes every test run with what was not run and why, so that a green line never hides a gap.

A developer's machine may lack things; the section then names them. With ``CI=true`` a test that was not run
fails the run, unless its reason is declared below: only what no set-up step could change belongs there.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

# Reason of the skip -> why CI may live without those tests. Matched from the start of the reason.
ACCEPTABLE: dict[str, str] = {
    r"needs root\b": "the suite is meant to pass for an ordinary user too",
    r"needs an ordinary user\b": "the suite is meant to pass for root too",
    r"needs user namespaces\b": "the kernel's administrator decides; the fallback has its own tests",
    r"needs Landlock\b": "the kernel decides; what holds without it has its own tests",
    r"needs a small file system\b": "mounting one is a right that not every machine grants",
    r"needs Python 3\.\d+\b": "which interpreters a machine has is its owner's choice",
}

_PREFIX = re.compile(r"^(Skipped: |unconditional skip$)")


class NotRun:
    """What a run left out: reason -> file -> number of tests."""

    def __init__(self, skipped: Iterable[pytest.TestReport | pytest.CollectReport]) -> None:
        self.by_reason: dict[str, Counter[str]] = defaultdict(Counter)
        for report in skipped:
            self.by_reason[_reason(report)][report.nodeid.split("::")[0]] += 1

    def unacceptable(self) -> list[str]:
        return sorted(reason for reason in self.by_reason if why_acceptable(reason) is None)

    def lines(self) -> Iterable[str]:
        for reason, files in sorted(self.by_reason.items()):
            yield f"not run because {reason}"
            yield from (f"    {file} ({count})" for file, count in sorted(files.items()))


def why_acceptable(reason: str) -> str | None:
    return next((why for pattern, why in ACCEPTABLE.items() if re.match(pattern, reason)), None)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return _PREFIX.sub("", text).strip() or "no reason was given"


def _not_run(config: pytest.Config) -> NotRun:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return NotRun(reporter.stats.get("skipped", ()) if reporter is not None else ())


def _strict() -> bool:
    return os.environ.get("CI") == "true"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and _strict() and session.exitstatus == 0 and _not_run(session.config).unacceptable():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = _not_run(config)
    if not found.by_reason:
        return
    terminalreporter.section("not run")
    for line in found.lines():
        terminalreporter.line(line)
    if _strict() and found.unacceptable():
        terminalreporter.line("")
        terminalreporter.line(
            "CI=true: every test has to run here, and these reasons are not among the declared"
        )
        terminalreporter.line(
            "acceptable ones (tests/support/not_run.py): " + "; ".join(found.unacceptable())
        )
