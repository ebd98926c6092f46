"""Connections kept for the next call, a bounded number per origin."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.gateway.client.connection import Connection
from tenuto.gateway.client.words import Origin
from tenuto.gateway.errors import EGRESS_REFUSED, UPSTREAM_OVERLOADED, UPSTREAM_UNREACHABLE
from tenuto.gateway.ports import Egress
from tenuto.gateway.words.limits import Limits, Timeouts


class Connector:
    """Opens connections: asks the outbound allow-list, resolves once, connects to what was approved."""

    def __init__(self, egress: Egress, timeouts: Timeouts, tls: Callable[[], ssl.SSLContext]) -> None:
        self._egress = egress
        self._patience = timeouts.connect
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None

    async def connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience):
                if origin.socket:
                    _, connection = await loop.create_unix_connection(lambda: Connection(loop), origin.socket)
                    return connection
                return await self._connect(loop, origin)
        except TimeoutError as error:
            raise TenutoError(UPSTREAM_UNREACHABLE, f"no connection within {self._patience:g} s") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise TenutoError(UPSTREAM_UNREACHABLE, f"{origin}: {reason}") from error

    async def _connect(self, loop: asyncio.AbstractEventLoop, origin: Origin) -> Connection:
        self._egress.check(origin.scheme, origin.host, origin.port)
        found = await loop.getaddrinfo(origin.host, origin.port, type=1)  # 1: streams
        resolved = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = self._egress.addresses(origin.host, resolved)
        if not allowed:
            detail = f"{origin.host} resolves to addresses that may not be called"
            raise TenutoError(EGRESS_REFUSED, detail)
        return await self._first_of(loop, origin, allowed)

    async def _first_of(
        self, loop: asyncio.AbstractEventLoop, origin: Origin, addresses: Sequence[str]
    ) -> Connection:
        options: dict[str, Any] = {}
        if origin.scheme == "https":
            options = {"ssl": self._context(), "server_hostname": origin.host}
        for address in addresses[:-1]:
            try:
                _, made = await loop.create_connection(
                    lambda: Connection(loop), address, origin.port, **options
                )
            except OSError:
                continue  # the last address tells why
            return made
        _, made = await loop.create_connection(
            lambda: Connection(loop), addresses[-1], origin.port, **options
        )
        return made

    def _context(self) -> ssl.SSLContext:
        """Load the certificates when the first call needs them: it takes tens of milliseconds."""
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls


class _Origin:
    """The slots and the idle connections of one origin."""

    def __init__(self, most: int) -> None:
        self.slots = asyncio.Semaphore(most)
        self.idle: list[Connection] = []  # newest last: the warmest is used first


class Pool:
    def __init__(self, connector: Connector, limits: Limits, clock: Clock) -> None:
        self._connector = connector
        self._limits = limits
        self._clock = clock
        self._origins: dict[Origin, _Origin] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def acquire(self, origin: Origin, *, fresh: bool = False) -> Connection:
        """Return a connection for one request. The caller gives it back with ``release``."""
        place = self._origins.setdefault(origin, _Origin(self._limits.connections_per_origin))
        await self._slot(place, origin)
        try:
            pooled = None if fresh else self._pooled(place)
            return pooled or await self._connector.connect(origin)
        except BaseException:
            place.slots.release()
            raise

    async def _slot(self, place: _Origin, origin: Origin) -> None:
        if not place.slots.locked():
            await place.slots.acquire()
            return
        try:
            async with asyncio.timeout(self._limits.connection_wait):
                await place.slots.acquire()
        except TimeoutError as error:
            detail = f"all {self._limits.connections_per_origin} connections to {origin} are in use"
            raise TenutoError(UPSTREAM_OVERLOADED, detail) from error

    def _pooled(self, place: _Origin) -> Connection | None:
        oldest = self._clock.monotonic() - self._limits.idle_connection_age
        while place.idle:
            connection = place.idle.pop()
            if connection.open and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    def release(self, origin: Origin, connection: Connection) -> None:
        """Take a connection back: kept when nothing of its answer is left, dropped otherwise."""
        place = self._origins[origin]
        if connection.reusable and len(place.idle) < self._limits.idle_connections_per_origin:
            connection.release()
            connection.idle_since = self._clock.monotonic()
            place.idle.append(connection)
            self._schedule_sweep()
        else:
            connection.abort()
        place.slots.release()

    def _schedule_sweep(self) -> None:
        if self._sweep is None:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(self._limits.idle_connection_age, self._drop_old)

    def _drop_old(self) -> None:
        self._sweep = None
        oldest = self._clock.monotonic() - self._limits.idle_connection_age
        for place in self._origins.values():
            kept = [connection for connection in place.idle if connection.idle_since > oldest]
            for connection in place.idle:
                if connection.idle_since <= oldest:
                    connection.abort()
            place.idle = kept
            if kept:
                self._schedule_sweep()

    def close(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for place in self._origins.values():
            for connection in place.idle:
                connection.abort()
            place.idle.clear()
