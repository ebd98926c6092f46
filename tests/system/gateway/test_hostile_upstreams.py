"""Upstreams that lie, quote what they were sent, or never come to an end."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from support.gateway_host import KEY, PATIENCE, UPSTREAM_KEY, Gateway, route, upstream, wait_until
from support.http_script import Said, ScriptedServer, answer
from tenuto.gateway.words.accounting import UsageSource
from tenuto.gateway.words.calls import CallStatus

pytestmark = [pytest.mark.system, pytest.mark.capability("G5")]

NEST = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
COUNTS = {"prompt_tokens": -1_000_000, "completion_tokens": 10**30}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
GOOD = json.dumps({"id": "x", "model": "m", "choices": [CHOICE], "usage": COUNTS}).encode()
QUOTED = json.dumps({"error": {"message": f"bad: Authorization: Bearer {UPSTREAM_KEY}"}}).encode()
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
FLOOD = EVENTS + b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"word " * 200) * 900


@pytest.fixture(scope="module")
def gateway(gateways: Callable[..., Gateway]) -> Iterator[Gateway]:
    with ExitStack() as servers:

        def told(said: Said) -> Any:
            return upstream(servers.enter_context(ScriptedServer(said)).address, "openai")

        def told_anthropic(said: Said) -> Any:
            return upstream(servers.enter_context(ScriptedServer(said)).address, "anthropic")

        good = told(answer(200, GOOD, content_type="application/json"))
        yield gateways(
            [
                route("good", good),
                route("nest", told(answer(200, NEST, content_type="application/json")), good),
                route("quote400", told(answer(400, QUOTED))),
                route("quote401", told(answer(401, QUOTED))),
                route("quote400-messages", told_anthropic(answer(400, QUOTED))),
                route("quote401-messages", told_anthropic(answer(401, QUOTED))),
                route("flood", told(Said(FLOOD, closes=True)), output_cap=50),
            ]
        )


def call(
    gateway: Gateway, model: str, *, streamed: bool, path: str = "chat/completions"
) -> tuple[int, bytes]:
    content = [{"role": "user", "content": "hi"}]
    body = {"model": model, "stream": streamed, "max_tokens": 40, "messages": content}
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)) as connection:
        connection.request("POST", f"/v1/{path}", json.dumps(body), {"x-api-key": KEY})
        said = connection.getresponse()
        return said.status, said.read()


def outcome_of(gateway: Gateway, calls: int) -> Any:
    wait_until(lambda: len(gateway.call_log.records) > calls)
    return gateway.call_log.records[-1].outcome


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_nested_beyond_reason_goes_elsewhere(gateway: Gateway, streamed: bool) -> None:
    calls = len(gateway.call_log.records)
    status, body = call(gateway, "nest", streamed=streamed)
    assert status == 200
    assert b"hello" in body
    faults = [attempt.fault for attempt in outcome_of(gateway, calls).attempts]
    assert faults == ["gateway.upstream_malformed", ""]


@pytest.mark.capability("G8")
def test_impossible_counts_are_booked_as_estimates(gateway: Gateway) -> None:
    calls = len(gateway.call_log.records)
    assert call(gateway, "good", streamed=False)[0] == 200
    usage = outcome_of(gateway, calls).usage
    assert usage.source is UsageSource.ESTIMATED
    assert 0 < usage.input_tokens < 100
    assert usage.output_tokens == 2


@pytest.mark.parametrize("model", ["quote400", "quote401", "quote400-messages", "quote401-messages"])
@pytest.mark.parametrize("path", ["chat/completions", "messages"])
def test_a_quoted_credential_reaches_no_caller(gateway: Gateway, model: str, path: str) -> None:
    for streamed in (False, True):
        status, body = call(gateway, model, streamed=streamed, path=path)
        assert status >= 400
        assert UPSTREAM_KEY.encode() not in body
        assert b"[credential]" in body


@pytest.mark.capability("G9")
def test_a_flood_is_stopped_and_booked_to_the_bound(gateway: Gateway) -> None:
    calls = len(gateway.call_log.records)
    _, body = call(gateway, "flood", streamed=True)
    assert b"answer_too_large" in body
    assert len(body) < 20_000
    outcome = outcome_of(gateway, calls)
    # How much of a flood the first read holds is the network's affair: all of it, and nothing went out.
    assert outcome.status in {CallStatus.CUT, CallStatus.FAILED}
    assert outcome.usage.output_tokens < 2_000
    assert outcome.usage.source is UsageSource.ESTIMATED
