"""The prediction server: answers for all endpoints, told what to serve over its control socket."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import uvloop

from tenuto.app.processes.readiness import until_open
from tenuto.app.settings import Settings
from tenuto.app.sockets import serving_control, serving_socket
from tenuto.serving.host.control import ControlSocket
from tenuto.serving.host.server import run_until_signalled, serve
from tenuto.serving.host.settings import HostSettings


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until told to stop. The last deployment table is kept, so that a restart needs nobody."""
    folder = settings.home / "serving"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    control = str(serving_control(settings.home))
    source = ControlSocket(control, str(folder / "table.json"))
    host = HostSettings(uds=str(serving_socket(settings.home)))

    async def work() -> None:
        serving = asyncio.ensure_future(serve(host, source))
        await until_open(lambda: asyncio.open_unix_connection(control), serving)
        ready()
        await serving

    uvloop.run(run_until_signalled(work(), (signal.SIGTERM, signal.SIGINT)))
