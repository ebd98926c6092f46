"""Upstreams that are dead, slow, cut or wrong; callers that leave; a ledger that is away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from support.gateway_host import KEY, Gateway, SimulatorProcess, free_port, route, upstream, wait_until
from tenuto.gateway.words.accounting import UsageSource
from tenuto.gateway.words.calls import CallStatus

pytestmark = [pytest.mark.system, pytest.mark.capability("G5")]

TROUBLES = ("cut", "cut-early", "stall", "malformed", "error-event", "unended", "429", "500", "503", "silent")
LONG = " ".join(f"word{number}" for number in range(40))


@pytest.fixture(scope="module")
def simulator(simulators: Callable[..., SimulatorProcess]) -> SimulatorProcess:
    return simulators()


@pytest.fixture(scope="module")
def slow(simulators: Callable[..., SimulatorProcess]) -> SimulatorProcess:
    return simulators("--pause-ms", "4")


@pytest.fixture(scope="module")
def gateway(gateways: Callable[..., Gateway], simulator: SimulatorProcess, slow: SimulatorProcess) -> Gateway:
    url, dead = simulator.url, f"http://127.0.0.1:{free_port()}"
    routes = [
        route("good", upstream(url, "openai")),
        route("slow", upstream(slow.url, "openai")),
        route("slow-messages", upstream(slow.url, "anthropic")),
        route("late", upstream(url, "openai", "m+slow")),
        route("dead", upstream(dead, "openai")),
        route("dead-then-good", upstream(dead, "openai"), upstream(url, "anthropic")),
    ]
    for trouble in TROUBLES:
        for dialect in ("openai", "anthropic"):
            troubled = upstream(slow.url, dialect, f"m+{trouble}")
            routes.append(route(f"{dialect}-{trouble}", troubled))
            routes.append(
                route(f"{dialect}-{trouble}-then-good", troubled, upstream(url, "openai", "backup"))
            )
    return gateways(routes)


@pytest.fixture(scope="module")
def chat(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(autouse=True)
def every_call_is_settled_once(gateway: Gateway) -> Iterator[None]:
    yield
    wait_until(lambda: not gateway.ledger.open)
    assert not gateway.ledger.twice


def say(chat: openai.OpenAI, model: str, text: str = LONG) -> str:
    answer = chat.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content or ""


def stream(chat: openai.OpenAI, model: str, text: str = LONG) -> Iterator[str]:
    messages: list[Any] = [{"role": "user", "content": text}]
    for chunk in chat.chat.completions.create(model=model, messages=messages, stream=True):
        if chunk.choices:
            yield chunk.choices[0].delta.content or ""


def last_outcome(gateway: Gateway, calls: int) -> Any:
    wait_until(lambda: len(gateway.call_log.records) > calls)
    return gateway.call_log.records[-1]


def test_a_dead_upstream_is_passed_over_and_then_tried_last(chat: openai.OpenAI, gateway: Gateway) -> None:
    before = len(gateway.call_log.records)
    for _ in range(2):
        assert say(chat, "dead-then-good").startswith("You said")
    attempts = [record.outcome.attempts for record in gateway.call_log.records[before:]]
    assert [attempt.fault for attempt in attempts[0]] == ["gateway.upstream_unreachable", ""]
    assert [attempt.upstream.dialect for attempt in attempts[1]] == ["anthropic"]


def test_killing_an_upstream_between_and_during_calls(
    simulators: Callable[..., SimulatorProcess], gateways: Callable[..., Gateway], simulator: SimulatorProcess
) -> None:
    doomed = simulators()
    gateway = gateways(
        [route("both", upstream(doomed.url, "openai"), upstream(simulator.url, "openai", "backup"))]
    )
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as chat:
        first = chat.chat.completions.with_raw_response.create(
            model="both", messages=[{"role": "user", "content": "hi"}]
        )
        assert first.headers["x-tenuto-upstream"] == "openai-sim/sim-small"
        doomed.kill()
        for _ in range(3):
            after = chat.chat.completions.with_raw_response.create(
                model="both", messages=[{"role": "user", "content": "hi"}]
            )
            assert after.headers["x-tenuto-upstream"] == "openai-sim/backup"
    gateway.settled_once(4)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("trouble", ["cut-early", "429", "500", "503"])
def test_trouble_before_the_first_content_goes_elsewhere(
    chat: openai.OpenAI, dialect: str, trouble: str, streamed: bool
) -> None:
    model = f"{dialect}-{trouble}-then-good"
    said = "".join(stream(chat, model)) if streamed else say(chat, model)
    assert said == f'You said: "{LONG}"'


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("trouble", ["cut", "malformed", "stall"])
def test_a_whole_answer_that_breaks_goes_elsewhere(chat: openai.OpenAI, dialect: str, trouble: str) -> None:
    assert say(chat, f"{dialect}-{trouble}-then-good") == f'You said: "{LONG}"'


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("cut", "upstream_cut"),
        ("stall", "upstream_timeout"),
        ("malformed", "upstream_malformed"),
        ("error-event", "upstream_"),
        ("unended", "upstream_cut"),
    ],
)
def test_a_stream_that_breaks_ends_with_an_error_in_the_callers_format(
    chat: openai.OpenAI, claude: anthropic.Anthropic, gateway: Gateway, dialect: str, trouble: str, code: str
) -> None:
    before = len(gateway.call_log.records)
    heard: list[str] = []
    with pytest.raises(openai.APIError, match=code):
        heard.extend(stream(chat, f"{dialect}-{trouble}-then-good"))
    assert "".join(heard).startswith("You said")
    record = last_outcome(gateway, before)
    assert record.outcome.status is CallStatus.CUT
    assert len(record.outcome.attempts) == 1
    assert record.outcome.usage.source is UsageSource.ESTIMATED or trouble == "unended"
    assert record.outcome.usage.output_tokens
    messages: list[anthropic.types.MessageParam] = [{"role": "user", "content": LONG}]
    with (
        pytest.raises(anthropic.APIStatusError, match=code),
        claude.messages.stream(model=f"{dialect}-{trouble}", max_tokens=100, messages=messages) as events,
    ):
        events.until_done()


@pytest.mark.parametrize(
    ("model", "status"),
    [("openai-429", 429), ("anthropic-429", 429), ("openai-500", 502), ("openai-503", 503), ("dead", 502)],
)
def test_when_nobody_answers_the_status_is_true(
    chat: openai.OpenAI, gateway: Gateway, model: str, status: int
) -> None:
    before = len(gateway.call_log.records)
    with pytest.raises(openai.APIStatusError) as failed:
        list(stream(chat, model))
    assert failed.value.status_code == status
    if status in {429, 503}:
        assert failed.value.response.headers["retry-after"] == "1"
    record = last_outcome(gateway, before)
    assert record.outcome.status is CallStatus.FAILED
    assert record.outcome.usage.total_tokens == 0
    assert 1 <= len(record.outcome.attempts) <= 2


def test_a_late_first_byte_is_waited_for(chat: openai.OpenAI) -> None:
    assert say(chat, "late", "hi") == 'You said: "hi"'


def raw_call(gateway: Gateway, model: str, *, streamed: bool) -> socket.socket:
    body = json.dumps(
        {"model": model, "stream": streamed, "messages": [{"role": "user", "content": LONG}]}
    ).encode()
    path = "POST /v1/chat/completions HTTP/1.1"
    head = f"{path}\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("model", ["slow", "slow-messages"])
def test_a_caller_that_leaves_a_stream_is_accounted_for_and_the_upstream_told(
    gateway: Gateway, slow: SimulatorProcess, model: str
) -> None:
    calls, lines = len(gateway.call_log.records), len(slow.lines())
    connection = raw_call(gateway, model, streamed=True)
    received = b""
    while b"word3" not in received:
        received += connection.recv(65536)
    connection.close()
    record = last_outcome(gateway, calls)
    assert record.outcome.status is CallStatus.CLIENT_GONE
    assert record.outcome.usage.source is UsageSource.ESTIMATED
    assert 0 < record.outcome.usage.output_tokens < 40
    wait_until(lambda: len(slow.lines()) > lines)
    assert slow.lines()[-1]["ended"] == "client_gone"


def test_a_caller_that_leaves_before_the_answer_is_accounted_for(
    gateway: Gateway, simulator: SimulatorProcess
) -> None:
    calls = len(gateway.call_log.records)
    connection = raw_call(gateway, "late", streamed=False)
    time.sleep(0.2)  # the upstream takes half a second: the caller leaves while it works
    connection.close()
    record = last_outcome(gateway, calls)
    assert record.outcome.status is CallStatus.CLIENT_GONE
    assert record.outcome.usage.input_tokens
    assert record.outcome.usage.source is UsageSource.ESTIMATED


@pytest.mark.capability("G8")
def test_tagged_streams_never_cross(gateway: Gateway, chat: openai.OpenAI) -> None:
    """Each stream carries its own words and nobody else's, also when many share few connections."""

    def call(number: int) -> bool:
        tagged = " ".join(f"tag{number}x{index}" for index in range(30))
        model = ("slow", "slow-messages", "good")[number % 3]
        return "".join(stream(chat, model, tagged)) == f'You said: "{tagged}"'

    before = len(gateway.ledger.settled)
    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(call, range(96)))
    gateway.settled_once(before + 96)


def test_a_ledger_that_is_away_for_a_moment_is_waited_for(gateway: Gateway, chat: openai.OpenAI) -> None:
    gateway.ledger.away = True
    threading.Timer(0.2, lambda: setattr(gateway.ledger, "away", False)).start()
    assert say(chat, "good", "hi") == 'You said: "hi"'


def test_a_ledger_that_stays_away_refuses_new_calls_and_lets_others_finish(
    gateway: Gateway, chat: openai.OpenAI
) -> None:
    heard = stream(chat, "slow")
    next(heard)
    gateway.ledger.away = True
    try:
        with pytest.raises(openai.InternalServerError) as refused:
            say(chat, "good", "hi")
        assert refused.value.status_code == 503
        assert refused.value.code == "ledger_unavailable"
        assert refused.value.response.headers["retry-after"] == "5"
        assert "".join(heard).endswith('"')
    finally:
        gateway.ledger.away = False


@pytest.mark.capability("G9")
def test_an_exhausted_budget_refuses_with_its_reason(
    gateway: Gateway, chat: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    gateway.ledger.left = 1
    try:
        say(chat, "good", "hi")
        with pytest.raises(openai.APIStatusError, match="`simulated` has 0 calls left") as refused:
            say(chat, "good", "hi")
        assert refused.value.status_code == 402
        assert refused.value.code == "budget_exhausted"
        with pytest.raises(anthropic.APIStatusError, match="billing_error"):
            claude.messages.create(model="good", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    finally:
        gateway.ledger.left = None


def test_stopping_finishes_what_is_in_flight(
    gateways: Callable[..., Gateway], slow: SimulatorProcess
) -> None:
    gateway = Gateway([route("slow", upstream(slow.url, "openai"))])
    connection = raw_call(gateway, "slow", streamed=True)
    received = connection.recv(65536)
    stopper = threading.Thread(target=gateway.stop)
    stopper.start()
    while piece := connection.recv(65536):
        received += piece
    stopper.join()
    connection.close()
    assert b"data: [DONE]" in received
    gateway.settled_once(1)
    assert next(iter(gateway.ledger.settled.values())).outcome.status is CallStatus.COMPLETED


def test_stopping_ends_what_does_not_finish_with_a_word(
    gateways: Callable[..., Gateway], simulators: Callable[..., SimulatorProcess]
) -> None:
    endless = simulators("--pause-ms", "300")
    gateway = Gateway([route("endless", upstream(endless.url, "openai"))])
    connection = raw_call(gateway, "endless", streamed=True)
    received = connection.recv(65536)
    gateway.stop()
    while piece := connection.recv(65536):
        received += piece
    connection.close()
    assert b"gateway.stopping" in received
    gateway.settled_once(1)
    assert next(iter(gateway.ledger.settled.values())).outcome.status is CallStatus.STOPPED
