"""Ask an endpoint as the gateway asks it: over the prediction server's socket, in the same protocol."""

from __future__ import annotations

import contextlib
import http.client
import socket
from pathlib import Path
from urllib.parse import quote

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.serving.declared.use_cases import endpoint_to_try
from tenuto.serving.errors import HOST_AWAY

_SECONDS = 20.0
_READY_SECONDS = 2.0
_LARGEST_ANSWER = 4 * 1024 * 1024


class EndpointTrial(msgspec.Struct, frozen=True):
    """What the prediction server answered, word for word, and how long it took."""

    works: bool
    status: int
    answer: str
    seconds: float


class EndpointTester(msgspec.Struct, frozen=True):
    """``path`` is the socket where the prediction server takes requests."""

    desk: Desk
    path: Path
    clock: Clock

    def ready(self, name: str) -> bool:
        """Tell whether an endpoint takes requests now; a server that is away is not ready."""
        try:
            status, _ = self._asked("GET", f"/v2/models/{quote(name, safe='')}/ready", b"", _READY_SECONDS)
        except TenutoError:
            return False
        return status == http.client.OK

    def predict(self, scope: Scope, name: str, body: bytes) -> EndpointTrial:
        """Ask for a prediction. The server's refusal is the trial's result; a server that is away is raised."""
        endpoint_to_try(self.desk, scope, name=name)
        began = self.clock.monotonic()
        status, answer = self._asked(
            "POST", f"/v2/models/{quote(name, safe='')}/infer", body, _SECONDS, scope
        )
        seconds = self.clock.monotonic() - began
        return EndpointTrial(status == http.client.OK, status, answer.decode("utf-8", "replace"), seconds)

    def _asked(
        self, method: str, target: str, body: bytes, seconds: float, scope: Scope | None = None
    ) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"}
        if scope is not None:
            headers |= {"x-tenuto-actor": scope.actor.id, "x-tenuto-workspace": scope.workspace or ""}
        connection = _OverSocket(self.path, seconds)
        with contextlib.closing(connection):
            try:
                connection.request(method, target, body or None, headers)
                answer = connection.getresponse()
                return answer.status, answer.read(_LARGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                raise TenutoError(HOST_AWAY, type(error).__name__) from error


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
