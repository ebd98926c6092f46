"""One performance of the demo, from an empty folder to the report."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import tenuto
from tenuto.cli.demo import report
from tenuto.cli.demo.report import Report
from tenuto.cli.demo.script import STEPS, Step, play
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.theatre import stage
from tenuto.cli.demo.words import Failure, Row

PROJECT = Path(__file__).parent / "project"


class Audience:
    """Hears what happens. The methods here hear nothing; the command line overrides them."""

    def notice(self, text: str) -> None: ...

    def begun(self, key: str) -> None: ...

    def done(self, row: Row) -> None: ...


def perform(
    audience: Audience,
    *,
    into: Path,
    steps: Mapping[str, Step] = STEPS,
    keep: Callable[[Stage], None] | None = None,
) -> Report:
    """Play all steps on a private platform and write the report into ``into``.

    ``keep`` is called with the stage still standing, before everything is taken down.
    """
    into.mkdir(parents=True, exist_ok=True)  # a folder that cannot be made is told now, not after all steps
    folder = Path(tempfile.mkdtemp(prefix="tenuto-demo-"))
    started = time.monotonic()
    try:
        with stage(folder, PROJECT, audience.notice) as standing:
            rows, failure = play(standing, steps, audience.begun, audience.done)
            told = _report(time.monotonic() - started, list(rows), failure)
            report.write(told, into)
            if keep is not None:
                keep(standing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return told


def _report(seconds: float, rows: list[Row], failure: Failure | None) -> Report:
    return Report(tenuto.__version__, seconds, rows, failure)
