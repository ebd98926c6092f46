"""One HTTP request to the prediction server: route, read, predict, answer, note."""

from __future__ import annotations

import logging
from importlib.metadata import version

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import Ids
from tenuto.serving.errors import (
    HOST_INTERNAL,
    MODEL_NOT_READY,
    REQUEST_MALFORMED,
    REQUEST_METHOD,
    REQUEST_PATH,
    UNKNOWN_ENDPOINT,
)
from tenuto.serving.host.endpoints import Endpoint, Endpoints, Loaded
from tenuto.serving.host.http import Exchange, Response, Scope, answered, read_body, refused
from tenuto.serving.host.settings import HostSettings
from tenuto.serving.ports import PredictionLog
from tenuto.serving.protocol.compression import inflate
from tenuto.serving.protocol.decode import decode_request
from tenuto.serving.protocol.encode import (
    HEADER_LENGTH,
    encode_answer,
    model_metadata,
    server_metadata,
)
from tenuto.serving.words import PredictionRecord

_LOG = logging.getLogger(__name__)
_LONGEST_ID = 128


class _Note:
    """What is known so far of the request under way, for its record."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.endpoint = ""
        self.version = ""
        self.rows = 0
        self.status = 500
        self.code = ""


class Application:
    """The server's RSGI application. ``opened`` is set once the first deployment table was applied."""

    def __init__(
        self, endpoints: Endpoints, settings: HostSettings, log: PredictionLog, clock: Clock, ids: Ids
    ) -> None:
        self._endpoints = endpoints
        self._settings = settings
        self._log = log
        self._clock = clock
        self._ids = ids
        self._server = server_metadata(version("tenuto"))
        self.opened = False

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        request_id = scope.headers.get("x-request-id", "")[:_LONGEST_ID] or self._ids.new()
        note = _Note(self._clock.monotonic())
        try:
            response = await self._answer(scope, exchange, note)
        except TenutoError as error:
            note.code = error.fault.code
            response = refused(error)
        except Exception:  # noqa: BLE001 -- the request boundary: its trouble ends here, and is told
            _LOG.exception("request %s failed", request_id)
            note.code = HOST_INTERNAL.code
            response = refused(TenutoError(HOST_INTERNAL, f"request {request_id}"))
        note.status = response.status
        if note.endpoint:
            self._record(note, request_id, scope)
        response.send(exchange, request_id)

    async def _answer(self, scope: Scope, exchange: Exchange, note: _Note) -> Response:
        parts = scope.path.strip("/").split("/")
        match parts:
            case ["v2", "models", name, *rest] if rest[-1:] == ["infer"] and len(rest) in {1, 3}:
                _require(scope, "POST")
                note.endpoint = name
                return await self._infer(scope, exchange, name, _version(rest[:-1]), note)
            case _:
                answer = self._look_up(scope, parts)
                _require(scope, "GET")
                return answer

    def _look_up(self, scope: Scope, parts: list[str]) -> Response:
        match parts:
            case ["v2"]:
                return Response(200, self._server)
            case ["v2", "health", "live"]:
                return _state({"live": True}, holds=True)
            case ["v2", "health", "ready"]:
                ready = self.opened and self._endpoints.ready
                return _state({"ready": ready}, holds=ready)
            case ["v2", "models", name, *rest] if rest[-1:] == ["ready"]:
                return self._model_ready(scope, name, _version(rest[:-1]))
            case ["v2", "models", name, *rest]:
                return self._model(scope, name, _version(rest))
        raise TenutoError(REQUEST_PATH, f"/{'/'.join(parts)}"[:200])

    def _model(self, scope: Scope, name: str, version: str) -> Response:
        endpoint, loaded = self._find(scope, name, version)
        return Response(200, model_metadata(name, loaded.model.spec, list(endpoint.versions)))

    def _model_ready(self, scope: Scope, name: str, version: str) -> Response:
        _, loaded = self._find(scope, name, version)
        ready = loaded.model.ready
        return _state({"name": name, "ready": ready}, holds=ready)

    def _find(self, scope: Scope, name: str, version: str) -> tuple[Endpoint, Loaded]:
        """Who was recognised comes from the gateway, which passes on requests to declared endpoints only: one that
        is not here yet is on its way, and the caller is told to come again.
        """
        try:
            return self._endpoints.find(name, version)
        except TenutoError as error:
            if error.fault is UNKNOWN_ENDPOINT and _said(scope, "x-tenuto-actor"):
                detail = f"{name[:100]!r} is declared and not loaded yet; its page tells what hinders it"
                raise TenutoError(MODEL_NOT_READY, detail, retry_after_seconds=2) from error
            raise

    async def _infer(
        self, scope: Scope, exchange: Exchange, name: str, version: str, note: _Note
    ) -> Response:
        limit = self._settings.body_bytes
        body = await read_body(scope, exchange, limit, self._settings.body_seconds)
        if not self.opened:
            raise TenutoError(MODEL_NOT_READY, "the server is starting", retry_after_seconds=1)
        body = inflate(body, scope.headers.get("content-encoding", ""), limit)
        # From here to the prediction nothing waits: the model found is still in service when it is asked.
        _, loaded = self._find(scope, name, version)
        spec = loaded.model.spec
        note.version = spec.version
        call = decode_request(body, spec.signature, _json_length(scope))
        note.rows = call.rows
        outputs = await loaded.predict(call)
        return answered(encode_answer(name, spec, call, outputs))

    def _record(self, note: _Note, request_id: str, scope: Scope) -> None:
        self._log.record(
            PredictionRecord(
                id=self._ids.new(),
                at=self._clock.now(),
                request_id=request_id,
                endpoint=note.endpoint[:200],
                version=note.version,
                rows=note.rows,
                duration_us=round((self._clock.monotonic() - note.started) * 1_000_000),
                status=note.status,
                code=note.code,
                workspace=_said(scope, "x-tenuto-workspace"),
                actor=_said(scope, "x-tenuto-actor"),
                key=_said(scope, "x-tenuto-key"),
            )
        )


def _said(scope: Scope, header: str) -> str:
    """What the gateway says of the caller: it alone reaches the socket, and passes no caller's own headers."""
    text: str = scope.headers.get(header, "")
    return text[:_LONGEST_ID]


def _require(scope: Scope, method: str) -> None:
    if scope.method != method:
        raise TenutoError(REQUEST_METHOD, f"use {method}", allow=method)


def _version(rest: list[str]) -> str:
    match rest:
        case []:
            return ""
        case ["versions", version] if version:
            return version
    raise TenutoError(REQUEST_PATH, f".../{'/'.join(rest)}"[:200])


def _json_length(scope: Scope) -> int | None:
    text = scope.headers.get(HEADER_LENGTH)
    if text is None:
        return None
    if not text.isdecimal():
        raise TenutoError(REQUEST_MALFORMED, f"{HEADER_LENGTH} is {text[:50]!r}, not a number of bytes")
    return int(text)


def _state(state: dict[str, object], *, holds: bool) -> Response:
    return Response(200 if holds else 503, msgspec.json.encode(state))
