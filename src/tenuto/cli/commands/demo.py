"""``tenuto demo``: the main job on a private platform, with its report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from tenuto.app.up import wait_for_signal
from tenuto.cli.demo.performance import Audience, perform
from tenuto.cli.demo.report import Report
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.words import Row


def demo(
    *,
    into: Annotated[Path, Parameter(help="Folder for `demo-report.json` and the HTML pages.")] = Path(),
    keep: Annotated[bool, Parameter(help="Leave the platform up, and say how to sign in.")] = False,
    json: Annotated[bool, Parameter(help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Do the main job for real: data becomes a deployed model, calls go through a guarded gateway, audit proves it.

    A private platform is started in a temporary folder and driven through its public doors. Each step is read
    back by another client. Two processes of the shipped provider simulator stand for model providers. The
    command fails if any step did not really happen, and leaves nothing running.

        tenuto demo
        tenuto demo --keep
    """
    console = Console(stderr=True, quiet=json)
    report = perform(_Narrator(console), into=into, keep=_keeper(console) if keep else None)
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _closing(Console(), report, into)
    if report.failure is not None:
        raise SystemExit(1)


class _Narrator(Audience):
    """Says what happens as it happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def notice(self, text: str) -> None:
        self._console.print(f"  {text}", style="dim", highlight=False)

    def begun(self, key: str) -> None:
        self._console.print(f"> {TEXTS['en'][key]}", highlight=False)

    def done(self, row: Row) -> None:
        self._console.print(f"  done in {row.seconds:.1f} s: {row.evidence}", style="green", highlight=False)


def _closing(console: Console, report: Report, into: Path) -> None:
    table = Table("step", "evidence", "seconds", title="What happened")
    for row in report.rows:
        table.add_row(TEXTS["en"][row.key], row.evidence, f"{row.seconds:.1f}")
    if report.failure is not None:
        table.add_row(
            TEXTS["en"][report.failure.key], f"NOT DONE: {report.failure.why}", "", style="bold red"
        )
    console.print(table)
    console.print(
        f"{report.seconds:.0f} s in all; report: {(into / 'demo-report.en.html').absolute()}", soft_wrap=True
    )


def _keeper(console: Console) -> Callable[[Stage], None]:
    def keep(stage: Stage) -> None:
        console.print(f"\nThe platform stays up at {stage.address}/ until Ctrl-C.", highlight=False)
        console.print("Sign in as ada@example.org with the password:", highlight=False)
        console.print(f"  {stage.kept['owner_password']}", highlight=False)
        wait_for_signal()

    return keep
