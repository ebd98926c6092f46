"""The client of one platform."""

from __future__ import annotations

import copy
import ssl
from types import TracebackType
from typing import Any, Self

from tenuto.client.api.access import Access
from tenuto.client.api.audit import Audit
from tenuto.client.api.calls import Calls, Request
from tenuto.client.api.identities import Identities
from tenuto.client.api.registry import Registry
from tenuto.client.api.resources import Resources
from tenuto.client.api.runs import Runs
from tenuto.client.api.spend import Spend
from tenuto.client.http import Connection, Limits, parse_address

_NO_LIMITS_GIVEN = Limits()


class Tenuto:
    """A platform at ``base_url``, as the holder of ``token`` sees it, in ``workspace`` or in none.

    Every method is one request and raises ``TenutoError`` when it is refused. The connection is kept for the
    next request; close the client, or use it in a ``with`` block. Not for several threads at once.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        workspace: str | None = None,
        *,
        limits: Limits = _NO_LIMITS_GIVEN,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._connection = Connection(parse_address(base_url), limits, trust=trust)
        self._calls = Calls(self._connection, token, workspace)

    @property
    def resources(self) -> Resources:
        return Resources(self._calls)

    @property
    def identities(self) -> Identities:
        return Identities(self._calls)

    @property
    def access(self) -> Access:
        return Access(self._calls)

    @property
    def audit(self) -> Audit:
        return Audit(self._calls)

    @property
    def registry(self) -> Registry:
        return Registry(self._calls)

    @property
    def runs(self) -> Runs:
        return Runs(self._calls)

    @property
    def spend(self) -> Spend:
        return Spend(self._calls)

    def within(self, workspace: str | None) -> Self:
        """Return this client in another workspace, or in none, over the same connection."""
        other = copy.copy(self)
        other._calls = self._calls.within(workspace)  # noqa: SLF001 (one of our own kind)
        return other

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API that this platform gives of itself."""
        return self._calls.send(Request("GET", "/api/v1/openapi.json"), dict[str, Any])

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
