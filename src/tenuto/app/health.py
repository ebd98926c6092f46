"""Are the parts of this installation there? Asked over the same doors that callers use."""

from __future__ import annotations

import asyncio
import http.client

from tenuto.app.building import Platform
from tenuto.app.sockets import serving_control
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.serving.host.control import ControlClient
from tenuto.web.ports import PartState

_SECONDS = 2.0
_SCOPE = Scope(system_actor("health"))


class Health:
    """One question each, with little patience: a page waits for the answers."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._serving = ControlClient(str(serving_control(platform.settings.home)), _SECONDS)

    def parts(self) -> list[PartState]:
        return [
            PartState("gateway", self._gateway()),
            PartState("database", self._database()),
            PartState("serving", self._served()),
        ]

    def _gateway(self) -> bool:
        settings = self._platform.settings
        connection = http.client.HTTPConnection(settings.host, settings.port, timeout=_SECONDS)
        try:
            connection.request("GET", "/health/readiness")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _database(self) -> bool:
        try:
            with self._platform.desk.database.begin(_SCOPE):
                return True
        except TenutoError:
            return False

    def _served(self) -> bool:
        try:
            return asyncio.run(self._serving.status()).ready
        except TenutoError:
            return False
