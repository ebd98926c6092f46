"""From words on the command line to a command, and from what went wrong to an exit code.

0 done, 1 refused or failed, 2 wrong use, 3 platform away.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from tenuto.app.settings import spoken_language
from tenuto.cli.errors import NO_TERMINAL, UNEXPECTED, WRONG_USE
from tenuto.cli.listing import ABOUT, COMMANDS
from tenuto.cli.output import tell_error
from tenuto.core.errors import FaultKind, TenutoError

DONE, FAILED, WRONG, AWAY, INTERRUPTED = 0, 1, 2, 3, 130
_WRONG_USES = frozenset({WRONG_USE.code, NO_TERMINAL.code})


def build() -> App:
    """Return the whole command line. A command's module is loaded when the command is asked for."""
    app = App(
        name="tenuto",
        help=ABOUT,
        help_format="markdown",
        version_flags=[],
        suppress_keyboard_interrupt=False,  # `run` below gives it its exit code
    )
    for command in COMMANDS:
        app.command(f"tenuto.cli.commands.{command.place}", name=command.name, group=command.group)
    return app


def run(tokens: Sequence[str]) -> int:
    """Run one command and return its exit code. Whatever went wrong is told on standard error."""
    as_json = "--json" in tokens
    try:
        _call(tokens)
        sys.stdout.flush()
    except TenutoError as error:
        tell_error(error, as_json=as_json, language=spoken_language())
        return exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 (the last one that could tell)
        detail = f"{type(error).__name__}: {error}"
        unexpected = TenutoError(UNEXPECTED, detail, trace=traceback.format_exc())
        tell_error(unexpected, as_json=as_json, language=spoken_language())
        return FAILED
    return DONE


def exit_code(error: TenutoError) -> int:
    if error.fault.code in _WRONG_USES:
        return WRONG
    return AWAY if error.fault.kind is FaultKind.UNAVAILABLE else FAILED


def _call(tokens: Sequence[str]) -> None:
    try:
        build()(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise TenutoError(WRONG_USE, str(error)) from None


def _reader_left() -> int:
    """End quietly when whoever read our output has gone (`tenuto get runs | head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
