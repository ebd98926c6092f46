"""How the command line speaks: text for people on a terminal, plain text in a pipe, JSON when asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO, TypeVar

import msgspec

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.console.i18n.faults import fault_text
from tenuto.web.words import Language

T = TypeVar("T")


class Styled(msgspec.Struct, frozen=True):
    """A line with a style of its own, which shows on a terminal only."""

    text: str
    style: str


Line = str | Styled


def show(value: T, lines: Callable[[T], Iterable[Line]], *, as_json: bool) -> None:
    """Print a result: as JSON, or as the lines that people read."""
    if as_json:
        print_json(value)
    else:
        print_lines(lines(value))


def print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_lines(lines: Iterable[Line], stream: TextIO | None = None) -> None:
    """Print lines, styled if a terminal shows them. What others wrote cannot steer the terminal."""
    target = stream or sys.stdout
    if not target.isatty():
        for line in lines:
            print(line.text if isinstance(line, Styled) else line, file=target)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=target, highlight=False, soft_wrap=True)
    for line in lines:
        text, style = (line.text, line.style) if isinstance(line, Styled) else (line, "")
        console.print(Text(printable(text), style))


def printable(text: str) -> str:
    """Return text whose control characters are spelled out, so that a name or a log cannot act."""
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> list[Line]:
    """Return aligned columns under their headers, or ``empty`` when there is no row."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return [empty]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    head, *body = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(headers), *cells]
    ]
    return [Styled(head, "bold"), *body]


def facts(pairs: Iterable[tuple[str, object]]) -> list[Line]:
    """Return one line for each fact that there is, names aligned."""
    shown = [(name, _cell(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0) + 2
    return [f"{name + ':':{width}}{value}" for name, value in shown]


def tell_error(error: TenutoError, *, as_json: bool, language: str = "") -> None:
    """Say on standard error what went wrong: code, what, fix. Programs that read JSON are told in English."""
    if as_json:
        print(msgspec.json.encode({"error": error.as_json()}).decode(), file=sys.stderr)
        return
    fault = error.fault
    said = fault_text(fault, Language.FRENCH) if language == Language.FRENCH.value else None
    if said:
        what = f"{said.summary}\N{NO-BREAK SPACE}: {error.detail}" if error.detail else said.summary
        texts = (f"erreur\N{NO-BREAK SPACE}: {fault.code}", what, f"remède\N{NO-BREAK SPACE}: {said.fix}")
    else:
        texts = (f"error: {fault.code}", str(error), f"fix: {fault.fix}")
    lines: list[Line] = [Styled(texts[0], "bold red"), *(f"  {text}" for text in texts[1:])]
    if error.fault.kind is FaultKind.INTERNAL:
        told = ("request_id", "trace")
        lines += [f"  {name}: {error.context[name]}" for name in told if name in error.context]
    print_lines(lines, sys.stderr)


def note(line: str) -> None:
    """Say something in passing, beside the result."""
    print_lines([line], sys.stderr)


def short_time(moment: Any) -> str:
    """Return a time to the second, in the zone it came with."""
    return str(moment.isoformat(sep=" ", timespec="seconds")).replace("+00:00", "Z") if moment else ""


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())
