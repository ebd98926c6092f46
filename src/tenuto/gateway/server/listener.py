"""Puts a data plane behind a port."""

from __future__ import annotations

import asyncio

import msgspec
from granian.constants import HTTPModes
from granian.server.embed import Server

from tenuto.gateway.server.data_plane import DataPlane


class Listener(msgspec.Struct, frozen=True):
    """Where to listen. Loopback unless told otherwise."""

    address: str = "127.0.0.1"
    port: int = 8484
    backlog: int = 1_024
    connections: int = 8_192  # taken at once; further ones wait in the backlog


async def serve(plane: DataPlane, listener: Listener, stop: asyncio.Event) -> None:
    """Listen until ``stop`` is set, then finish what is in flight. Raises ``OSError`` where it cannot."""
    server = Server(
        plane,
        address=listener.address,
        port=listener.port,
        http=HTTPModes.http1,  # of a lost HTTP/2 connection granian tells one stream only
        websockets=False,
        backlog=listener.backlog,
        backpressure=listener.connections,
        log_enabled=False,
    )
    serving = asyncio.ensure_future(server.serve())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await plane.drain()
    finally:
        stopping.cancel()
        server.stop()  # type: ignore[no-untyped-call]  # granian types its constructor only
        await serving
