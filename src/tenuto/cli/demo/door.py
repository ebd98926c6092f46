"""A stranger's client: plain HTTP, JSON in and out, nothing of Tenuto's own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tenuto.cli.demo.words import DemoFailedError

_SECONDS = 60.0


class Refused(Exception):  # noqa: N818 (what the door says, not a defect)
    """An answer that is no success: its status and its error."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {error.get('code')}: {error.get('detail') or error.get('message')}")
        self.status = status
        self.error = error


class Door:
    """The platform as one person reaches it over HTTP."""

    def __init__(self, address: str, token: str = "", workspace: str = "") -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        if workspace:
            self._headers["tenuto-workspace"] = workspace

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.ask("PUT", path, body)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        return json.loads(self.send(method, path, content, "application/json"))

    def send(self, method: str, path: str, content: bytes | None, media_type: str) -> bytes:
        """Send bytes and return bytes. Raises ``Refused`` for anything but success."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        headers = self._headers | ({"content-type": media_type} if content is not None else {})
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            received = answer.read()
        except OSError as error:
            raise DemoFailedError(f"{method} {path}: {error}") from error
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise Refused(answer.status, _error_in(received))
        return received


def _error_in(received: bytes) -> dict[str, Any]:
    try:
        error = json.loads(received).get("error", {})
    except ValueError:
        error = {}
    return error if isinstance(error, dict) else {"message": str(error)}
