"""One performance of the demo, from an empty folder to the report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import tenuto
from tenuto.cli.demo import report
from tenuto.cli.demo.cleaning import private_folder
from tenuto.cli.demo.errors import REPORT_FOLDER_UNUSABLE
from tenuto.cli.demo.provider import Provider
from tenuto.cli.demo.report import RealProvider, Report
from tenuto.cli.demo.script import STEPS, Step, play
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.theatre import stage
from tenuto.cli.demo.words import Row
from tenuto.core.errors import TenutoError

PROJECT = Path(__file__).parent / "project"
LOGS = "demo-logs"  # what the platform's processes said, beside the report of a demo that failed


class Audience:
    """Hears what happens. The methods here hear nothing; the command line overrides them."""

    def notice(self, text: str) -> None: ...

    def begun(self, key: str) -> None: ...

    def done(self, row: Row) -> None: ...

    def over(self, report: Report, stage: Stage) -> None:
        """Everything is done or has failed, the report is written, and the stage still stands."""


def perform(
    audience: Audience,
    *,
    into: Path,
    steps: Mapping[str, Step] = STEPS,
    provider: Provider | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Play all steps on a private platform, write the report into ``into``, take everything down."""
    _empty(into)
    at, started = clock(), time.monotonic()
    real = RealProvider(provider.name, provider.model, provider.base_url) if provider else None
    with private_folder() as folder, stage(folder, PROJECT, audience.notice, provider) as standing:
        rows, failure = play(standing, steps, audience.begun, audience.done)
        told = Report(tenuto.__version__, at, time.monotonic() - started, list(rows), failure, real)
        report.write(told, into)
        if failure is not None:
            shutil.copytree(standing.logs, into / LOGS, dirs_exist_ok=True)
        audience.over(told, standing)
    return told


def _empty(into: Path) -> None:
    """Have a folder with no earlier report in it: told now, not after all steps, and never taken for this one's."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        for left in report.files(into):
            left.unlink(missing_ok=True)
    except OSError as error:
        raise TenutoError(REPORT_FOLDER_UNUSABLE, f"{into}: {error.strerror}") from error
