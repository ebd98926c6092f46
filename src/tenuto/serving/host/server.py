"""The prediction server as a whole: endpoints, HTTP, and whoever tells it what to serve."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tenuto.core.clock import Clock, SystemClock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import Ids, UuidSeven
from tenuto.serving.errors import HOST_ADDRESS
from tenuto.serving.host.application import Application
from tenuto.serving.host.endpoints import Endpoints
from tenuto.serving.host.records import RecentPredictions
from tenuto.serving.host.settings import HostSettings, loopback, socket_path
from tenuto.serving.models.loading import Loader
from tenuto.serving.ports import DeploymentSource, PredictionLog
from tenuto.serving.words import ApplyOutcome, DeploymentTable, HostStatus, PredictionRecord

_CONNECTIONS = 1024  # at once; more wait in the kernel


class Host:
    """What a source of deployments may do with the server."""

    def __init__(self, endpoints: Endpoints, log: PredictionLog) -> None:
        self._endpoints = endpoints
        self._log = log

    async def apply(self, table: DeploymentTable) -> ApplyOutcome:
        return await self._endpoints.apply(table)

    def status(self) -> HostStatus:
        return HostStatus(
            self._endpoints.revision, self._endpoints.ready, self._endpoints.status(), self._log.dropped
        )

    def predictions(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        return self._log.take(after, limit)


async def serve(
    settings: HostSettings,
    source: DeploymentSource,
    *,
    log: PredictionLog | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> None:
    """Serve until cancelled, then finish what is under way. Raises ``HOST_ADDRESS``.

    It listens at once but is ready only when the first table of ``source`` was applied.
    """
    clock = clock or SystemClock()
    ids = ids or UuidSeven()
    log = log or RecentPredictions(ids.new())
    endpoints = Endpoints(Loader(settings.native, clock))
    application = Application(endpoints, settings, log, clock, ids)
    server = _server(settings, application)
    listening = asyncio.create_task(_listen(server))
    following = asyncio.create_task(_follow(source, Host(endpoints, log), application))
    try:
        done, _ = await asyncio.wait((listening, following), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _stop(server, listening, following)
        await endpoints.close()


async def _follow(source: DeploymentSource, host: Host, application: Application) -> None:
    table = await source.first()
    if table is not None:
        await host.apply(table)
    application.opened = True
    await source.follow(host)


async def _listen(server: Any) -> None:
    try:
        await server.serve()
    except RuntimeError as error:  # the address is taken; the rest of the text is a native stack
        raise TenutoError(HOST_ADDRESS, str(error).partition("\n")[0]) from error


async def _stop(server: Any, listening: asyncio.Task[None], following: asyncio.Task[None]) -> None:
    following.cancel()
    server.stop()
    await asyncio.gather(listening, following, return_exceptions=True)


def _server(settings: HostSettings, application: Application) -> Any:
    options: dict[str, Any] = {
        "interface": Interfaces.RSGI,
        "http": HTTPModes.http1,
        "websockets": False,
        "backlog": _CONNECTIONS,
        "log_enabled": False,
    }
    if settings.uds is not None:
        server = Server(application, uds=socket_path(settings.uds), **options)
        server.uds_permissions = 0o600
    elif settings.address is not None:
        host, port = loopback(settings.address)
        server = Server(application, address=host, port=port, **options)
    else:
        raise TenutoError(HOST_ADDRESS, "neither a socket nor an address is given")
    server.workers_kill_timeout = settings.grace_seconds
    return server


async def run_until_signalled(work: Any, signals: tuple[int, ...]) -> None:
    """Run ``work`` until it ends or one of the signals arrives; then cancel it and wait for its end."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
