"""``tenuto demo``: the main job on a private platform, with its report."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tenuto.cli.demo.errors import DEMO_EXTRA_MISSING
from tenuto.cli.demo.performance import LOGS, Audience, perform
from tenuto.cli.demo.provider import find_provider
from tenuto.cli.demo.report import Report, page_of
from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.stage import OWNER_EMAIL, Stage
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.words import Row, Use
from tenuto.cli.interrupts import interrupt_on_signals, wait_for_interrupt
from tenuto.core.errors import TenutoError

_CLIENTS = ("anthropic", "openai", "tritonclient", "sklearn", "onnxruntime", "skl2onnx")
_TEXTS = TEXTS["en"]


class SignIn(msgspec.Struct, frozen=True):
    """How to get into a platform that was kept."""

    console: str
    email: str
    password: str

    def __repr__(self) -> str:
        return f"SignIn({self.console!r}, {self.email!r}, ***)"


def demo(
    *,
    into: Annotated[Path, Parameter(help="Folder for `demo-report.json` and the HTML pages.")] = Path(),
    provider: Annotated[
        str,
        Parameter(help="Also call a real provider: `openai`, `anthropic` or `ollama`.", show_default=False),
    ] = "",
    model: Annotated[
        str, Parameter(help="Which of the provider's models; a small one if left out.", show_default=False)
    ] = "",
    keep: Annotated[
        bool, Parameter(help="Leave the platform up, and say how to sign in.", negative="")
    ] = False,
    json: Annotated[bool, Parameter(help="Print the report as JSON and nothing else.", negative="")] = False,
) -> None:
    """Do the main job for real: data becomes a deployed model, calls go through a guarded gateway, audit proves it.

    A private platform is started in a temporary folder and driven through its public doors. Each step is read
    back by another client than the one that did it. Two processes of the shipped provider simulator stand for
    model providers. The command fails if any step did not really happen, and leaves nothing running.

    With `--provider` calls go to a real one too, with the key in OPENAI_API_KEY or ANTHROPIC_API_KEY, or to the
    Ollama of this machine. A few short prompts are sent, their personal data masked.

        tenuto demo
        tenuto demo --keep
        tenuto demo --into report --provider ollama
    """
    _require_clients()
    interrupt_on_signals()
    real = find_provider(provider, model) if provider else None
    console = Console(stderr=True, quiet=json)
    report = perform(_Presenter(console, into, keep=keep, as_json=json), into=into, provider=real)
    conclude(report)


def conclude(report: Report) -> None:
    """End with exit code 1 if a step did not really happen."""
    if report.failure is not None:
        raise SystemExit(1)


class _Presenter(Audience):
    """Says what happens as it happens, and at the end what happened."""

    def __init__(self, console: Console, into: Path, *, keep: bool, as_json: bool) -> None:
        self._console = console
        self._into = into
        self._keep = keep
        self._as_json = as_json
        self._begun = 0

    def notice(self, text: str) -> None:
        self._console.print(f"    {escape(text)}", style="dim", highlight=False)

    def begun(self, key: str) -> None:
        self._begun += 1
        self._console.print(f"[{self._begun}/{len(STEPS)}] {_TEXTS[key]}", markup=False, highlight=False)

    def done(self, row: Row) -> None:
        said = f"    done in {row.seconds:.1f} s, evidence {row.evidence}"
        self._console.print(escape(said), style="green", highlight=False, soft_wrap=True)

    def over(self, report: Report, stage: Stage) -> None:
        if self._as_json:
            _print_json(report)
        else:
            closing(Console(), report, self._into)
        if self._keep:
            self._wait(SignIn(f"{stage.address}/", OWNER_EMAIL, stage.kept["owner_password"]))

    def _wait(self, sign_in: SignIn) -> None:
        if self._as_json:
            _print_json(sign_in)
        else:
            _tell(Console(), sign_in)
        try:
            wait_for_interrupt()
        except KeyboardInterrupt:
            self.notice("stopping, and removing everything")


def _require_clients() -> None:
    missing = [name for name in _CLIENTS if importlib.util.find_spec(name) is None]
    if missing:
        raise TenutoError(DEMO_EXTRA_MISSING, ", ".join(missing))


def _print_json(value: Report | SignIn) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.flush()


def closing(console: Console, report: Report, into: Path) -> None:
    table = Table(title="What happened", show_lines=True)
    table.add_column("step", ratio=3)
    table.add_column("evidence", ratio=2, overflow="fold")
    table.add_column("seconds", justify="right")
    for row in report.rows:
        table.add_row(_step(row), escape(row.evidence), f"{row.seconds:.1f}")
    if report.failure is not None:
        why = f"NOT DONE: {report.failure.why}"
        table.add_row(_TEXTS[report.failure.key], escape(why), "", style="bold red")
    console.print(table)
    if report.provider is not None:
        called = f"Model calls also went to {report.provider.name} ({report.provider.model})."
        console.print(escape(called), highlight=False)
    page = page_of(into, "en").absolute()
    if report.failure is not None:
        logs = escape(str((into / LOGS).absolute()))
        console.print(f"What the platform's processes said: {logs}", soft_wrap=True)
    console.print(f"{report.seconds:.0f} s in all; report: {escape(str(page))}", soft_wrap=True)


def _step(row: Row) -> str:
    did, read = (escape(_means(found)) for found in (row.did, row.read))
    return f"{escape(_TEXTS[row.key])}\n[dim]with {did}\nread back with {read}[/dim]"


def _means(found: Sequence[Use]) -> str:
    """Say with what, without who: the pages say that too."""
    return ", ".join(_TEXTS[f"means_{means}"] for means in sorted({use.means for use in found}))


def _tell(console: Console, sign_in: SignIn) -> None:
    lines = [
        "",
        "The platform stays up. Its console:",
        f"  {sign_in.console}",
        "Sign in as its owner:",
        f"  e-mail    {sign_in.email}",
        f"  password  {sign_in.password}",
        "Ctrl-C, or SIGTERM to this command, ends it and removes everything.",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.file.flush()
