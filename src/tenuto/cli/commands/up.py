"""``tenuto up``."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import msgspec
from cyclopts import Parameter

from tenuto.cli.options import JUST_SHOWN, Shown
from tenuto.cli.output import Line, Styled, note, print_lines


class Up(msgspec.Struct, frozen=True):
    """A platform that runs. ``token`` makes the first owner; None when there is one."""

    address: str
    token: str | None
    pids: dict[str, int]


def up(
    *,
    home: Path | None = None,
    host: str | None = None,
    port: Annotated[int | None, Parameter(show_default=False)] = None,
    shown: Shown = JUST_SHOWN,
) -> None:
    """Run the platform on this machine until Ctrl-C.

    It starts its own PostgreSQL, the control plane with the console, a worker, the prediction server and the
    data plane, and starts again what crashes. Where nobody is owner yet it prints the one-time token that
    makes the first one. With `--json` it prints one object when it is ready.

        tenuto up
        tenuto up --home ~/trial --port 9000
        TENUTO_DATABASE_URL=postgresql://... tenuto up

    Args:
        home: Folder of this installation; otherwise TENUTO_HOME, or `~/.local/share/tenuto`.
        host: Address to listen on; otherwise TENUTO_HOST, or 127.0.0.1.
        port: Port to listen on; otherwise TENUTO_PORT, or 8484.
    """
    from tenuto.app.settings import read_settings
    from tenuto.app.up import running

    _on_signals(_interrupt)
    settings = read_settings(home=home, host=host, port=port)
    try:
        with running(settings, lambda what: _notice(what, shown)) as platform:
            _tell(Up(platform.address, platform.token, platform.pids()), shown)
            _wait_for_interrupt()
    except KeyboardInterrupt:
        _notice("stopped", shown)


def _tell(up: Up, shown: Shown) -> None:
    if shown.json:
        print(msgspec.json.encode(up).decode())
    else:
        print_lines(_ready(up))
    sys.stdout.flush()


def _ready(up: Up) -> Iterator[Line]:
    yield Styled(f"Tenuto is up: {up.address}", "bold green")
    if up.token is None:
        yield f"  console   {up.address}/"
        yield f"  sign in   tenuto login --url {up.address}"
        return
    yield "  Nobody is owner yet. This token makes the first one, once, within the hour:"
    yield f"  token     {up.token}"
    yield f"  console   {up.address}/first-owner"
    yield f"  or        tenuto setup --url {up.address}"


def _notice(what: str, shown: Shown) -> None:
    if shown.json:
        print(msgspec.json.encode({"notice": what}).decode(), file=sys.stderr, flush=True)
    else:
        note(what)


def _wait_for_interrupt() -> NoReturn:
    """Wait until a handler raises. A signal that comes just before the waiting begins writes to the pipe, and so
    ends it; a lock would be waited for all the same.
    """
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(tell)
    while True:
        select.select([told], [], [])


def _on_signals(do: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, do)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End what is coming up, or what is up. Once is enough: a second Ctrl-C must not stop the stopping."""
    _on_signals(lambda _number, _frame: None)
    raise KeyboardInterrupt
