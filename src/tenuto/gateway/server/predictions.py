"""Predictions of deployed models: the Open Inference Protocol, passed on to whoever serves the model."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import CLIENT_GONE, ENDPOINT_UNKNOWN, INTERNAL, SERVING_AWAY, STOPPING
from tenuto.gateway.plan import find_endpoint
from tenuto.gateway.server.authentication import identify
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.passing import Errand, pass_on
from tenuto.gateway.server.replies import error_headers, error_of, prediction_error, status_for
from tenuto.gateway.server.transport import CallerGone, Exchange
from tenuto.gateway.server.watch import CallerWatch
from tenuto.gateway.words.calls import CallRecord, CallStatus, Outcome
from tenuto.gateway.words.routing import Endpoint, Identity, Refusal

_log = logging.getLogger(__name__)


class Prediction:
    """One request below ``/v2/``. The serving process trusts the identity headers set here, and only here."""

    def __init__(self, parts: Parts, exchange: Exchange, name: str, request_id: str) -> None:
        self._parts = parts
        self._exchange = exchange
        self._name = name
        self._request_id = request_id
        self._started = parts.clock.monotonic()
        self._started_at = parts.clock.now()
        self._identity: Identity | None = None
        self._route = ""
        self._status = CallStatus.REFUSED
        self._http_status = 0
        self._fault = ""

    async def serve(self) -> None:
        watch = CallerWatch(self._exchange)
        try:
            await self._supervise()
        except CallerGone:
            self._leave()
        except asyncio.CancelledError:
            if not watch.gone:
                self._fault, self._status = STOPPING.code, CallStatus.STOPPED
                raise
            watch.forgive()
            self._leave()
        finally:
            watch.stop()
            self._parts.ports.call_log.record(self._record())

    async def _supervise(self) -> None:
        try:
            await self._serve()
        except TenutoError as error:
            self._refuse(error)
        except CallerGone:
            raise
        except Exception:  # noqa: BLE001  # the request boundary
            _log.exception("prediction.failed request_id=%s", self._request_id)
            self._refuse(TenutoError(INTERNAL))

    async def _serve(self) -> None:
        endpoint, identity = self._find()
        self._status = CallStatus.FAILED
        added = (
            ("x-tenuto-actor", identity.actor.id),
            ("x-tenuto-workspace", identity.workspace),
            ("x-tenuto-key", identity.key_id),
        )
        errand = Errand(endpoint.socket, SERVING_AWAY, self._request_id, added, self._parts.limits.body)
        self._http_status = await pass_on(self._parts, self._exchange, errand)
        self._status = CallStatus.COMPLETED

    def _find(self) -> tuple[Endpoint, Identity]:
        if self._parts.stopping:
            raise TenutoError(STOPPING)
        snapshot = self._parts.ports.snapshots.current()
        self._identity = identity = identify(self._exchange, self._parts, snapshot)
        kind, _, rest = self._name.partition("/")
        name = rest.partition("/")[0]
        if kind != "models" or not name:
            raise TenutoError(ENDPOINT_UNKNOWN, f"there is nothing at /v2/{self._name}")
        self._route = name
        endpoint = find_endpoint(snapshot, identity, name)
        if isinstance(endpoint, Refusal):
            raise error_of(endpoint)
        return endpoint, identity

    def _refuse(self, error: TenutoError) -> None:
        self._fault = error.fault.code
        self._http_status = status_for(error)
        headers = [*error_headers(error), ("x-request-id", self._request_id)]
        self._exchange.answer(self._http_status, headers, prediction_error(error, self._request_id))

    def _leave(self) -> None:
        self._fault, self._status = CLIENT_GONE.code, CallStatus.CLIENT_GONE
        self._http_status = self._http_status or 499

    def _record(self) -> CallRecord:
        total = self._parts.clock.monotonic() - self._started
        return CallRecord(
            self._request_id,
            self._exchange.source,
            self._exchange.path,
            self._http_status,
            Outcome(self._status, fault=self._fault, total=total),
            self._started_at,
            self._identity,
            self._route,
        )


def server_metadata(version: str) -> bytes:
    return msgspec.json.encode({"name": "tenuto", "version": version, "extensions": ["binary_tensor_data"]})
