"""A real gateway (granian, uvloop) in a thread of this process, and real simulators in processes of their own."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.adapters.providers.openai import OpenAI
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.gateway.server.data_plane import DataPlane
from tenuto.gateway.server.listener import Listener, serve
from tenuto.gateway.server.parts import Ports
from tenuto.gateway.words.limits import Limits, Timeouts
from tenuto.gateway.words.routing import Route, Upstream
from tenuto.testing.gateway_ports import (
    LoopbackEgress,
    MemoryCallLog,
    MemoryDialects,
    MemoryKeys,
    MemoryLedger,
    MemorySnapshots,
    PlainSecrets,
    ReplacingGuard,
    entry_for,
    snapshot_of,
)

KEY = "sk-k1-secret"
UPSTREAM_KEY = "upstream-secret"
PERSONAL = ("jean.dupont@exemple.fr", "06 12 34 56 78")
PATIENCE = 10.0  # seconds until a test gives up waiting


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class SimulatorProcess:
    """One provider, in a process that can be killed."""

    def __init__(self, log: Path, *options: str) -> None:
        self._log = log
        command = [sys.executable, "-m", "tenuto.testing.provider_simulator", "--log", str(log)]
        self._process = subprocess.Popen(
            [*command, "--api-key", UPSTREAM_KEY, *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().removeprefix("ready ").strip()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Gateway:
    """The data plane with its ports in memory, on a thread with a loop of its own."""

    def __init__(self, routes: list[Route], **changes: Any) -> None:
        self.ledger = MemoryLedger()
        self.call_log = MemoryCallLog()
        self.snapshots = MemorySnapshots(snapshot_of([entry_for(KEY)], routes))
        ports = Ports(
            snapshots=self.snapshots,
            keys=MemoryKeys(),
            ledger=self.ledger,
            guard=ReplacingGuard(PERSONAL),
            secrets=PlainSecrets({"up": UPSTREAM_KEY}),
            egress=LoopbackEgress(),
            call_log=self.call_log,
            dialects=MemoryDialects({"openai": OpenAI(), "anthropic": Anthropic()}),
            clock=SystemClock(),
            ids=UuidSeven(),
            control_plane="/nonexistent/control.sock",
            limits=Limits(ledger_wait=0.5, drain=1.0, attempts=2),
            timeouts=Timeouts(connect=2.0, first_byte=5.0, idle=0.4, total=20.0),
        )
        self.ports = msgspec.structs.replace(ports, **changes)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(PATIENCE)
        wait_until(self._listens)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._started.set()
        await serve(DataPlane(self.ports), Listener(port=self.port), self._stop)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def settled_once(self, calls: int | None = None) -> None:
        """Wait until ``calls`` calls are settled, or all there are: none twice, none left open."""
        wait_until(lambda: len(self.ledger.settled) >= (calls or 0) and not self.ledger.open)
        assert calls in {None, len(self.ledger.settled)}
        assert not self.ledger.twice


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def upstream(url: str, dialect: str, model: str = "sim-small") -> Upstream:
    profile = "openai-compatible" if dialect == "openai" else dialect
    return Upstream(f"{dialect}-sim", dialect, profile, f"{url}/v1", model, credential="up")


def route(name: str, *upstreams: Upstream, **fields: Any) -> Route:
    return Route(name, upstreams, **fields)
