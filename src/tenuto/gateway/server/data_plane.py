"""The application behind the public port: finds the door of each request and sees it through."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from tenuto import __version__
from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import (
    CLIENT_GONE,
    CONTROL_PLANE_AWAY,
    DOOR_METHOD,
    DOOR_UNKNOWN,
    INTERNAL,
    PATH_REFUSED,
)
from tenuto.gateway.rules import is_plain_path
from tenuto.gateway.server.authentication import identify
from tenuto.gateway.server.doors import Door, DoorKind, door_of, served_paths
from tenuto.gateway.server.listings import list_models, show_model
from tenuto.gateway.server.model_call import ModelCall
from tenuto.gateway.server.parts import Parts, Ports
from tenuto.gateway.server.passing import Errand, pass_on
from tenuto.gateway.server.predictions import Prediction, server_metadata
from tenuto.gateway.server.replies import FORMATS, JSON, error_headers, plain_error, status_for
from tenuto.gateway.server.rsgi import RsgiExchange
from tenuto.gateway.server.transport import CallerGone, Exchange
from tenuto.gateway.server.watch import CallerWatch

_log = logging.getLogger(__name__)


class DataPlane:
    def __init__(self, ports: Ports) -> None:
        self._parts = Parts(ports)
        self._calls: set[asyncio.Task[Any]] = set()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.proto != "http":
            protocol.close(403)  # no door speaks WebSocket
            return
        await self.serve(RsgiExchange(scope, protocol, self._parts.ports.proxies))

    async def serve(self, exchange: Exchange) -> None:
        """Answer one request. Knows nothing of the server it came through."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            await self._serve(exchange, self._parts.ports.ids.new())
        finally:
            self._calls.discard(task)

    async def drain(self) -> None:
        """Refuse new calls, let those in flight finish for a while, stop the rest, finish the books."""
        self._parts.stopping = True
        others = self._calls - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=self._parts.limits.drain)
        left = [call for call in others if not call.done()]
        for call in left:
            call.cancel()
        if left:
            await asyncio.wait(left, timeout=1)
        unfinished = await self._parts.background.finish(self._parts.limits.drain)
        if unfinished:
            _log.error("drain.unfinished settlements=%d", unfinished)
        self._parts.client.close()

    async def _serve(self, exchange: Exchange, request_id: str) -> None:
        door = door_of(exchange.path)
        if door.methods and exchange.method not in door.methods:
            self._refuse(exchange, door, TenutoError(DOOR_METHOD, ", ".join(door.methods)), request_id)
        elif door.kind is DoorKind.CALL:
            await ModelCall(self._parts, exchange, door, request_id).serve()
        elif door.kind is DoorKind.PASSING:
            await self._pass(exchange, door, request_id)
        elif door.kind is DoorKind.PREDICTION:
            await self._predict(exchange, door, request_id)
        elif door.kind is DoorKind.MODELS:
            self._list(exchange, door, request_id)
        elif door.kind is DoorKind.UNKNOWN:
            detail = f"{exchange.method} {exchange.path}; served are {', '.join(served_paths(door.format))}"
            self._refuse(exchange, door, TenutoError(DOOR_UNKNOWN, detail), request_id)
        else:
            self._health(exchange, ready=door.kind is DoorKind.READINESS)

    def _refuse(self, exchange: Exchange, door: Door, error: TenutoError, request_id: str) -> None:
        passing = door.kind in {DoorKind.PASSING, DoorKind.LIVENESS, DoorKind.READINESS}
        write = plain_error if passing else FORMATS[door.format].error
        headers = [*error_headers(error), ("x-request-id", request_id)]
        exchange.answer(status_for(error), headers, write(error, request_id))

    def _health(self, exchange: Exchange, *, ready: bool) -> None:
        snapshot = self._parts.ports.snapshots.current()
        valid = self._parts.clock.now() < snapshot.valid_until
        states = {"snapshot": "valid" if valid else "expired", "stopping": self._parts.stopping}
        if not ready:
            exchange.answer(200, [JSON], b'{"status":"alive"}')
            return
        fine = valid and not self._parts.stopping
        body = msgspec.json.encode({"status": "ready" if fine else "not ready", **states})
        exchange.answer(200 if fine else 503, [JSON], body)

    def _list(self, exchange: Exchange, door: Door, request_id: str) -> None:
        snapshot = self._parts.ports.snapshots.current()
        try:
            identity = identify(exchange, self._parts, snapshot)
            body = show_model(snapshot, identity, door.name) if door.name else list_models(snapshot, identity)
        except TenutoError as error:
            self._refuse(exchange, door, error, request_id)
            return
        exchange.answer(200, [JSON, ("x-request-id", request_id)], body)

    async def _predict(self, exchange: Exchange, door: Door, request_id: str) -> None:
        if door.name in {"health/live", "health/ready"}:
            fine = door.name == "health/live" or not self._parts.stopping
            state = msgspec.json.encode({door.name.removeprefix("health/"): fine})
            exchange.answer(200 if fine else 503, [JSON], state)
        elif not door.name:
            exchange.answer(200, [JSON], server_metadata(__version__))
        else:
            await Prediction(self._parts, exchange, door.name, request_id).serve()

    async def _pass(self, exchange: Exchange, door: Door, request_id: str) -> None:
        if not is_plain_path(exchange.path):
            self._refuse(exchange, door, TenutoError(PATH_REFUSED), request_id)
            return
        errand = Errand(self._parts.ports.control_plane, CONTROL_PLANE_AWAY, request_id)
        watch = CallerWatch(exchange)
        try:
            await pass_on(self._parts, exchange, errand)
        except TenutoError as error:
            self._refuse(exchange, door, error, request_id)
        except CallerGone:
            _log.debug("passing.left code=%s request_id=%s", CLIENT_GONE.code, request_id)
        except asyncio.CancelledError:
            if not watch.gone:
                raise
            watch.forgive()
        except Exception:  # noqa: BLE001  # the request boundary
            _log.exception("passing.failed request_id=%s", request_id)
            self._refuse(exchange, door, TenutoError(INTERNAL), request_id)
        finally:
            watch.stop()
