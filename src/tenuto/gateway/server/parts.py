"""What a data plane is built from. ``app`` puts it together; tests put simulators in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.ids import Ids
from tenuto.gateway.client.http import UpstreamClient
from tenuto.gateway.client.pool import Connector, Pool
from tenuto.gateway.health import Circuits, RetryBudget
from tenuto.gateway.origin import Network
from tenuto.gateway.ports import (
    CallLog,
    Dialects,
    Egress,
    KeyReader,
    Ledger,
    Secrets,
    SnapshotSource,
    TextGuard,
)
from tenuto.gateway.words.limits import Limits, Timeouts


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """What the rest of the house gives. ``control_plane`` is the path of its local socket.

    ``proxies`` are believed about whom they speak for.
    """

    snapshots: SnapshotSource
    keys: KeyReader
    ledger: Ledger
    guard: TextGuard
    secrets: Secrets
    egress: Egress
    call_log: CallLog
    dialects: Dialects
    clock: Clock
    ids: Ids
    control_plane: str
    proxies: tuple[Network, ...] = ()
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


class Parts:
    """The ports, and what is shared by all calls of one process."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.limits = ports.limits
        self.timeouts = ports.timeouts
        self.clock = ports.clock
        connector = Connector(ports.egress, ports.timeouts, ports.tls)
        self.client = UpstreamClient(Pool(connector, ports.limits, ports.clock))
        self.circuits = Circuits(ports.clock, ports.limits.circuit_open)
        self.retries = RetryBudget()
        self.background = Background()
        self.ledger_waiters = 0
        self.stopping = False


class Background:
    """Work that must be finished although the call it belongs to is over."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self, patience: float) -> int:
        """Wait for what is under way; return how much was not finished in time."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=patience)
        return len(self._tasks)
