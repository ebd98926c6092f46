"""The control plane: API and console on a local socket, and the background tasks."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tenuto.app.building import Platform, build
from tenuto.app.processes.readiness import until_open
from tenuto.app.settings import Settings
from tenuto.app.site import control_site
from tenuto.app.sockets import control_socket
from tenuto.app.tasks import TaskRunner
from tenuto.app.upkeep import checkpoint_now, tasks
from tenuto.store.bell import Bell
from tenuto.store.database import Role
from tenuto.web.dispatch.site import Site


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until told to stop."""
    platform = build(settings)
    runner = TaskRunner(platform.desk.database, platform.desk.ids.new(), tasks(platform))
    stopping = threading.Event()
    listener = threading.Thread(target=_listen, args=(platform, runner, stopping), name="bell", daemon=True)
    runner.start()
    listener.start()
    try:
        site = control_site(platform, partial(checkpoint_now, platform))
        path = control_socket(settings.home)
        path.unlink(missing_ok=True)  # a socket left by a killed process
        uvloop.run(_serve(site, path, ready))
    finally:
        stopping.set()
        runner.stop()
        platform.close()


async def _serve(site: Site, path: Path, ready: Callable[[], None]) -> None:
    server = Server(
        site,
        uds=path,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    server.uds_permissions = 0o600
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.ensure_future(server.serve())
    await until_open(lambda: asyncio.open_unix_connection(path), serving)
    ready()
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]  # granian types its constructor only
    await serving


def _listen(platform: Platform, runner: TaskRunner, stopping: threading.Event) -> None:
    """Wake the tasks whenever something was committed."""
    bell = Bell(platform.desk.database.raw_url(Role.SYSTEM))
    while not stopping.is_set():
        if bell.wait(1.0):
            runner.ring()
    bell.close()
