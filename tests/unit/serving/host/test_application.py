"""What a caller is told of an endpoint that is not there: not known, or not yet."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.serving.host.application import Application
from tenuto.serving.host.endpoints import Endpoints
from tenuto.serving.host.records import RecentPredictions
from tenuto.serving.host.settings import HostSettings
from tenuto.serving.models.loading import Loader
from tenuto.serving.models.native import NativeSettings

FROM_THE_GATEWAY = {"x-tenuto-actor": "0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11"}


class Caller:
    """One request, and what is answered to it."""

    def __init__(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.method, self.path, self.headers = method, path, headers
        self.status = 0
        self.answered: dict[str, str] = {}
        self.body: dict[str, Any] = {}

    async def __call__(self) -> bytes:
        return b"{}"

    async def __aiter__(self) -> Any:
        yield b"{}"

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.answered, self.body = status, dict(headers), msgspec.json.decode(body)


def _asked(path: str, method: str, headers: dict[str, str]) -> tuple[Caller, RecentPredictions]:
    caller, kept = Caller(method, path, headers), RecentPredictions("life")

    async def ask() -> None:
        endpoints = Endpoints(Loader(NativeSettings(), SystemClock()))
        application = Application(endpoints, HostSettings(), kept, SystemClock(), UuidSeven())
        application.opened = True
        await application.__rsgi__(caller, caller)
        await endpoints.close()

    asyncio.run(ask())
    return caller, kept


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/models/churn/infer"),
        ("POST", "/v2/models/churn/versions/2/infer"),
        ("GET", "/v2/models/churn"),
        ("GET", "/v2/models/churn/ready"),
    ],
)
@pytest.mark.capability("M11")
def test_an_endpoint_that_the_gateway_knows_is_on_its_way(method: str, path: str) -> None:
    caller, _ = _asked(path, method, FROM_THE_GATEWAY)
    assert (caller.status, caller.body["code"]) == (503, "serving.model_not_ready")
    assert caller.body["retryable"] is True
    assert int(caller.answered["retry-after"]) > 0


def test_what_nobody_vouched_for_is_not_there() -> None:
    caller, kept = _asked("/v2/models/churn/infer", "POST", {})
    assert (caller.status, caller.body["code"]) == (404, "serving.unknown_endpoint")
    assert "retry-after" not in caller.answered
    assert [one.code for one in kept.take("", 10)[1]] == ["serving.unknown_endpoint"]
