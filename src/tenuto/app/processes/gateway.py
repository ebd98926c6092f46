"""The data plane: owns the public port, answers model calls, passes everything else on."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import uvloop

from tenuto.app.building import Platform, build
from tenuto.app.data_plane.call_log import RefusedCalls
from tenuto.app.data_plane.egress import EgressList
from tenuto.app.data_plane.guard import PersonalDataGuard, declared_protections
from tenuto.app.data_plane.keys import GatewayKeys
from tenuto.app.data_plane.ledger import SpendLedger
from tenuto.app.data_plane.secrets import ProviderSecrets
from tenuto.app.data_plane.snapshots import Snapshots
from tenuto.app.data_plane.spool import Spool
from tenuto.app.ports import require_free
from tenuto.app.processes.readiness import until_open
from tenuto.app.rounds import go_round
from tenuto.app.settings import Settings
from tenuto.app.sockets import control_socket, serving_socket
from tenuto.gateway.declared.compiling import Compiler
from tenuto.gateway.server.data_plane import DataPlane
from tenuto.gateway.server.listener import Listener, serve
from tenuto.gateway.server.parts import Ports
from tenuto.gateway.words.limits import Limits
from tenuto.gateway.words.routing import Endpoint
from tenuto.govern.resources import queries as resources
from tenuto.store.database import Transaction

_log = logging.getLogger(__name__)
_LIFETIME = timedelta(minutes=15)
_DELIVERY_SECONDS = 2.0


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until told to stop, then finish what is in flight."""
    require_free(settings)
    platform = build(settings)
    snapshots = Snapshots(platform.desk.database, _compiler(platform, settings))
    ledger = SpendLedger(platform.desk, snapshots, Spool(settings.home / "spool" / "settlements.jsonl"))
    refused = RefusedCalls(platform.desk)
    plane = DataPlane(_ports(platform, snapshots, ledger, refused))
    stopping = threading.Event()
    delivery = ("spool", partial(_deliver, ledger, stopping), stopping)
    helpers = [
        threading.Thread(target=snapshots.follow, name="snapshots", daemon=True),
        threading.Thread(target=go_round, args=delivery, name="spool", daemon=True),
    ]
    for helper in helpers:
        helper.start()
    try:
        uvloop.run(_serve(plane, settings, ready))
    finally:
        snapshots.stop()
        stopping.set()
        refused.close()
        ledger.close()
        platform.close()


async def _serve(plane: DataPlane, settings: Settings, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listening = asyncio.ensure_future(serve(plane, Listener(settings.host, settings.port), stop))
    await until_open(lambda: asyncio.open_connection(settings.host, settings.port), listening)
    ready()
    await listening


def _ports(platform: Platform, snapshots: Snapshots, ledger: SpendLedger, refused: RefusedCalls) -> Ports:
    settings, desk = platform.settings, platform.desk
    return Ports(
        snapshots=snapshots,
        keys=GatewayKeys(platform.keys.pepper),
        ledger=ledger,
        guard=PersonalDataGuard(),
        secrets=ProviderSecrets(desk, platform.vault, desk.clock),
        egress=EgressList(platform.dialects.known_hosts(), snapshots.egress),
        call_log=refused,
        dialects=platform.dialects,
        clock=desk.clock,
        ids=desk.ids,
        control_plane=str(control_socket(settings.home)),
        proxies=settings.proxies,
        limits=Limits(body=settings.call_limit),
    )


def _compiler(platform: Platform, settings: Settings) -> Compiler:
    socket_path = str(serving_socket(settings.home))

    def endpoints(tx: Transaction) -> dict[str, dict[str, Endpoint]]:
        found: dict[str, dict[str, Endpoint]] = {}
        for stored in resources.everywhere(tx, "Endpoint"):
            found.setdefault(stored.workspace or "", {})[stored.name] = Endpoint(stored.name, socket_path)
        return found

    return Compiler(
        platform.decider.decide_for, platform.dialects.default_url, endpoints, declared_protections, _LIFETIME
    )


def _deliver(ledger: SpendLedger, stopping: threading.Event) -> None:
    """Book what the spool holds as soon as the database is back."""
    if stopping.wait(_DELIVERY_SECONDS):
        return
    delivered = ledger.deliver()
    if delivered:
        _log.info("spool.delivered settlements=%d", delivered)
