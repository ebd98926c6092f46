from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from support.http_script import ScriptedServer, answer
from tenuto.adapters.providers.openai import OpenAI
from tenuto.core.clock import SystemClock
from tenuto.gateway.declared.kinds import ProviderSpec
from tenuto.gateway.declared.trying import ProviderTester
from tenuto.testing.gateway_ports import LoopbackEgress, MemoryDialects, PlainSecrets

pytestmark = pytest.mark.capability("G2")

SECRET = "sk-hostile-secret"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": f"bad: Bearer {SECRET}"}}),
        (401, {"error": f"wrong key {SECRET}"}),
        (200, {"data": [{"id": SECRET}]}),
    ],
)
def test_a_trial_shows_no_credential_the_provider_quotes(status: int, body: dict[str, Any]) -> None:
    no_desk: Any = None  # nothing is read or written by the call itself
    tester = ProviderTester(
        no_desk,
        MemoryDialects({"openai": OpenAI()}),
        LoopbackEgress(),
        lambda: PlainSecrets({"key": SECRET}),
        SystemClock(),
    )
    with ScriptedServer(answer(status, json.dumps(body).encode())) as server:
        spec = ProviderSpec(dialect="openai", base_url=f"{server.address}/v1", secret="key")
        trial = asyncio.run(tester._tried(spec))
    assert SECRET not in repr(trial)
    assert "[credential]" in repr(trial)
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
