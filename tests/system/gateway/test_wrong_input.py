"""Bodies that are too large, broken, cut or not what they say; keys and snapshots that are past."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec
import openai
import pytest

from support.gateway_host import (
    KEY,
    PATIENCE,
    UPSTREAM_KEY,
    Gateway,
    SimulatorProcess,
    route,
    upstream,
    wait_until,
)
from tenuto.testing.gateway_ports import MemoryLedger, ReplacingGuard

pytestmark = [pytest.mark.system, pytest.mark.capability("G1")]

MEGABYTE = 1_000_000
GOOD = b'{"model":"good","messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture(scope="module")
def simulator(simulators: Callable[..., SimulatorProcess]) -> SimulatorProcess:
    return simulators()


@pytest.fixture(scope="module")
def gateway(gateways: Callable[..., Gateway], simulator: SimulatorProcess) -> Gateway:
    return gateways([route("good", upstream(simulator.url, "openai"))])


class Reply(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


def post(gateway: Gateway, body: Any, path: str = "/v1/chat/completions", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)) as connection:
        connection.request("POST", path, body, {"x-api-key": KEY, **named}, encode_chunked=True)
        answer = connection.getresponse()
        shown = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, shown, answer.read())


def test_two_different_keys_are_refused_and_one_beside_anything_else_is_taken(gateway: Gateway) -> None:
    body = json.dumps({"model": "good", "messages": [{"role": "user", "content": "x"}]}).encode()
    refused = post(gateway, body, authorization="Bearer sk-k2-secret")
    assert (refused.status, refused.error["code"]) == (401, "keys_contradict")
    assert post(gateway, body, authorization="Bearer dummy").status == 200


def test_fifty_megabytes_are_refused_before_they_are_read(gateway: Gateway) -> None:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as chat:
        with pytest.raises(openai.APIStatusError, match="request_too_large") as refused:
            chat.chat.completions.create(
                model="good", messages=[{"role": "user", "content": "x" * 50 * MEGABYTE}]
            )
        assert refused.value.status_code == 413
    head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-length: {50 * MEGABYTE}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        answered = connection.recv(65536)  # not one byte of the body was sent
    assert answered.startswith(b"HTTP/1.1 413")
    assert b'"type":"request_too_large"' in answered


def test_a_large_body_without_a_length_is_cut_off(gateway: Gateway) -> None:
    def pieces() -> Any:
        for _ in range(40):
            yield b"x" * MEGABYTE

    try:
        reply = post(gateway, pieces(), transfer_encoding="chunked")
    except (BrokenPipeError, ConnectionResetError):
        return  # cut off while sending: as good as an answer
    assert reply.status == 413


def test_just_below_the_limit_is_taken(gateway: Gateway, simulator: SimulatorProcess) -> None:
    padding = json.dumps("y" * 31 * MEGABYTE).encode()
    reply = post(
        gateway, b'{"model":"good","padding":%b,"messages":[{"role":"user","content":"hi"}]}' % padding
    )
    assert reply.status == 200
    assert len(simulator.lines()[-1]["body"]["padding"]) == 31 * MEGABYTE


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b'{"model":"good","messages":"\xff"}', "invalid_utf8", "byte 28 is 0xff"),
        (b'{"model":"good",', "invalid_json", "truncated"),
        (b'{"model":"good" "messages":[]}', "invalid_json", "byte 16"),
        (b"[1]", "invalid_json", "array"),
        (b"", "invalid_json", "truncated"),
        (b'{"messages":[]}', "invalid_field", "`model` is required"),
        (b'{"model":7,"messages":[]}', "invalid_field", "`model`"),
        (b'{"model":"good"}', "invalid_field", "`messages` is required"),
        (b'{"model":"good","messages":[],"max_tokens":0}', "invalid_field", "at least 1"),
        (b'{"model":"good","messages":[],"stream":"yes"}', "invalid_field", "`stream`"),
        (b'{"model":"good","messages":' + b"[" * 150 + b"]" * 150 + b"}", "invalid_json", "nested deeper"),
        (b'{"a":' * 90_000, "invalid_json", "nested too deeply"),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong_with_it(
    gateway: Gateway, body: bytes, code: str, said: str
) -> None:
    reply = post(gateway, body)
    assert reply.status == 400
    assert reply.error["code"] == code
    assert said in reply.error["message"]
    assert reply.headers["x-request-id"] == reply.error["request_id"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_no_messages_at_all_are_refused_in_the_callers_format(gateway: Gateway, path: str) -> None:
    refused = post(gateway, b'{"model":"good","max_tokens":5,"messages":[ ]}', path)
    assert (refused.status, refused.error["type"]) == (400, "invalid_request_error")
    assert "`messages` is an empty list" in refused.error["message"]


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
def test_the_simulator_refuses_what_holds_no_message(simulator: SimulatorProcess, path: str) -> None:
    address = simulator.url.partition("//")[2].partition("/")[0]
    with closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as direct:
        direct.request(
            "POST", f"/v1/{path}", b'{"model":"m","max_tokens":5,"messages":[]}', {"x-api-key": UPSTREAM_KEY}
        )
        answer = direct.getresponse()
        assert answer.status == 400
        assert b"at least one message" in answer.read()


def test_a_body_that_breaks_off_leaves_no_trace_upstream(
    gateway: Gateway, simulator: SimulatorProcess
) -> None:
    calls, lines = len(gateway.call_log.records), len(simulator.lines())
    for framing in (f"content-length: {len(GOOD) + 10}", "transfer-encoding: chunked"):
        sent = GOOD if "length" in framing else b"%x\r\n%b\r\n" % (len(GOOD), GOOD)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n{framing}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as connection:
            connection.sendall(head.encode() + sent)
    wait_until(lambda: len(gateway.call_log.records) == calls + 2)
    assert {record.outcome.status.value for record in gateway.call_log.records[calls:]} <= {
        "refused",
        "client_gone",
    }
    assert len(simulator.lines()) == lines
    assert not gateway.ledger.open


def test_a_compressed_body_and_a_wrong_method_are_refused(gateway: Gateway) -> None:
    assert post(gateway, GOOD, content_encoding="gzip").status == 415
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request("GET", "/v1/chat/completions", headers={"x-api-key": KEY})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("allow")) == (405, "POST")
    connection.close()


@pytest.mark.capability("G10")
@pytest.mark.parametrize("key", ["", "nonsense", "sk-k1-wrong", "sk-k2-secret", KEY + "x"])
def test_a_wrong_key_learns_nothing(gateway: Gateway, key: str) -> None:
    reply = post(gateway, b"this body is not even read", x_api_key=key)
    assert reply.status == 401
    assert reply.error["type"] == "authentication_error"
    assert "k1" not in reply.body.decode()


def test_keys_come_in_any_of_their_headers(gateway: Gateway) -> None:
    for headers in ({"authorization": f"Bearer {KEY}"}, {"api_key": KEY}, {"x_api_key": KEY}):
        assert post(gateway, GOOD, **{"x_api_key": "", **headers}).status == 200


def test_unknown_fields_travel_and_repeated_ones_collapse(
    gateway: Gateway, simulator: SimulatorProcess
) -> None:
    body = (
        b'{"model":"x","new_field":{"deep":1.50},"model":"good","messages":[{"role":"user","content":"hi"}]}'
    )
    assert post(gateway, body).status == 200
    received = simulator.lines()[-1]["body"]
    assert received["model"] == "sim-small"
    assert received["new_field"] == {"deep": 1.5}


def test_no_credential_of_the_caller_and_no_header_of_ours_reaches_the_upstream(
    gateway: Gateway, simulator: SimulatorProcess
) -> None:
    post(gateway, GOOD, x_tenuto_actor="root", cookie="session=1", x_forwarded_for="10.0.0.1")
    headers = simulator.lines()[-1]["headers"]
    assert set(headers) == {"host", "content-type", "accept", "authorization", "content-length"}


def test_past_keys_and_snapshots_are_refused(gateway: Gateway) -> None:
    current = gateway.snapshots.snapshot
    past = datetime(2020, 1, 1, tzinfo=UTC)
    entry = msgspec.structs.replace(current.keys["k1"], expires_at=past)
    try:
        gateway.snapshots.snapshot = msgspec.structs.replace(current, keys={"k1": entry})
        reply = post(gateway, GOOD)
        assert (reply.status, "it expired at 2020" in reply.error["message"]) == (401, True)
        gateway.snapshots.snapshot = msgspec.structs.replace(current, valid_until=past)
        reply = post(gateway, GOOD)
        assert (reply.status, reply.error["code"]) == (503, "snapshot_expired")
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        connection.request("GET", "/health/readiness")
        assert connection.getresponse().status == 503
        connection.close()
    finally:
        gateway.snapshots.snapshot = current
    assert post(gateway, GOOD).status == 200


class BrokenGuard(ReplacingGuard):
    def protect(self, texts: Any, protection: Any = None) -> Any:
        raise RuntimeError("the guard is broken")


class BrokenLedger(MemoryLedger):
    async def settle(self, reservation: Any, outcome: Any) -> Any:
        await super().settle(reservation, outcome)
        raise RuntimeError("the ledger is broken")


@pytest.mark.capability("G12")
def test_a_guard_that_fails_lets_nothing_through(
    gateways: Callable[..., Gateway], simulator: SimulatorProcess, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = gateways(
        [
            route("guarded", upstream(simulator.url, "openai")),
            route("open", upstream(simulator.url, "openai"), protection=None),
        ],
        guard=BrokenGuard(),
    )
    lines = len(simulator.lines())
    reply = post(gateway, GOOD.replace(b"good", b"guarded"))
    assert (reply.status, reply.error["code"]) == (503, "guard_failed")
    assert "call.guard_failed" in caplog.text
    assert len(simulator.lines()) == lines
    assert post(gateway, GOOD.replace(b"good", b"open")).status == 200
    gateway.settled_once(1)


def test_a_ledger_that_fails_to_settle_is_logged_and_hurts_nobody(
    gateways: Callable[..., Gateway], simulator: SimulatorProcess, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = BrokenLedger()
    gateway = gateways([route("good", upstream(simulator.url, "openai"))], ledger=ledger)
    assert post(gateway, GOOD).status == 200
    assert "call.unsettled" in caplog.text
    assert len(ledger.settled) == 1
