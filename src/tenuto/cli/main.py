"""Where ``tenuto`` begins: it prints the list of commands, or loads the one that is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

import tenuto
from tenuto.cli.listing import ABOUT, COMMANDS


def main() -> None:
    tokens = sys.argv[1:]
    if not tokens or tokens[0] in {"--help", "-h", "help"}:
        print("\n".join(overview()))
        return
    if tokens[0] == "--version":
        print(f"tenuto {tenuto.__version__}")
        return
    from tenuto.cli.application import run

    raise SystemExit(run(tokens))


def overview() -> Iterator[str]:
    """Yield the lines of the list of commands."""
    yield ABOUT
    yield ""
    yield "usage: tenuto COMMAND [ARGUMENTS]      tenuto COMMAND --help tells more, with examples"
    width = max(len(command.name) for command in COMMANDS) + 2
    for group, commands in groupby(COMMANDS, key=lambda command: command.group):
        yield ""
        yield group
        yield from (f"  {command.name:{width}}{command.summary}" for command in commands)
    yield ""
    yield "Every command takes --json. Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 platform away."
