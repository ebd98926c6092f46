"""``tenuto up``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tenuto.cli.interrupts import interrupt_on_signals, wait_for_interrupt
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

    interrupt_on_signals()
    settings = read_settings(home=home, host=host, port=port)
    try:
        with running(settings, lambda what: _notice(what, shown)) as platform:
            _tell(Up(platform.address, platform.token, platform.pids()), shown)
            wait_for_interrupt()
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
