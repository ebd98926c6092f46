"""What is not a model call: passed to the control plane, or to the process that serves a deployed model."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.gateway_host import KEY, PATIENCE, Gateway, wait_until
from support.local_host import LocalHost
from tenuto.core.words import Effect, Verdict
from tenuto.gateway.words.routing import Endpoint

pytestmark = [pytest.mark.system, pytest.mark.capability("G20")]

ALLOWED = Verdict(Effect.ALLOW, "", "r", "1")
BLOCK = b"u" * 65_536


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHost]:
    host = LocalHost(tmp_path_factory.mktemp("control") / "c.sock")
    yield host
    host.stop()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHost]:
    host = LocalHost(tmp_path_factory.mktemp("serving") / "s.sock")
    yield host
    host.stop()


@pytest.fixture(scope="module")
def gateway(gateways: Callable[..., Gateway], control: LocalHost, serving: LocalHost) -> Gateway:
    gateway = gateways([], control_plane=str(control.socket))
    deployed = {
        "tumour": Endpoint("tumour", str(serving.socket)),
        "gone": Endpoint("gone", "/nonexistent.sock"),
    }
    verdicts = {"k1": {"endpoint:tumour": ALLOWED, "endpoint:gone": ALLOWED}}
    gateway.snapshots.snapshot = msgspec.structs.replace(
        gateway.snapshots.snapshot,
        endpoints={"w1": {**deployed, "closed": Endpoint("closed", str(serving.socket))}},
        verdicts=verdicts,
    )
    return gateway


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    yield opened
    opened.close()


def ask(opened: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    opened.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return opened.getresponse()


def seen_headers(host: LocalHost) -> dict[str, str]:
    return dict(host.seen["headers"])  # type: ignore[call-overload, no-any-return]


def test_a_request_is_passed_on_without_claims_of_identity(
    connection: http.client.HTTPConnection, control: LocalHost
) -> None:
    answer = ask(
        connection,
        "POST",
        "/api/v1/things/a%20b?x=%41&y=%2F",
        b"body",
        x_tenuto_actor="root",
        x_forwarded_for="10.0.0.1",
        x_forwarded_host="evil",
        forwarded="for=10.0.0.1",
        x_request_id="mine",
        connection="x-secret-hop",
        x_secret_hop="1",
        authorization="Bearer session",
        cookie="a=b",
    )
    assert answer.status == 200
    assert json.loads(answer.read())["target"] == "/api/v1/things/a%20b?x=%41&y=%2F"
    headers = seen_headers(control)
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-request-id"] == answer.getheader("x-request-id") != "mine"
    assert (headers["authorization"], headers["cookie"]) == ("Bearer session", "a=b")
    assert headers["host"] == f"127.0.0.1:{connection.port}"
    assert not {"x-tenuto-actor", "x-forwarded-host", "forwarded", "x-secret-hop"} & set(headers)


def test_a_trusted_proxy_says_whom_it_speaks_for(
    gateways: Callable[..., Gateway], control: LocalHost
) -> None:
    behind = gateways([], control_plane=str(control.socket), proxies=(ip_network("127.0.0.1"),))
    with closing(http.client.HTTPConnection("127.0.0.1", behind.port, timeout=PATIENCE)) as opened:
        opened.putrequest("GET", "/api/v1/things")
        opened.putheader("x-forwarded-for", "10.9.9.9")  # made up by the caller, and left by the proxy
        opened.putheader("x-forwarded-for", "203.0.113.7")
        opened.endheaders()
        assert opened.getresponse().status == 200
    assert seen_headers(control)["x-forwarded-for"] == "203.0.113.7"


def test_head_and_empty_answers_keep_their_headers(connection: http.client.HTTPConnection) -> None:
    head = ask(connection, "HEAD", "/thing")
    assert (head.status, head.getheader("content-length"), head.read()) == (200, "1234", b"")
    empty = ask(connection, "DELETE", "/empty")
    assert (empty.status, empty.read()) == (204, b"")
    assert empty.headers.get_all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("path", ["/api/../secret", "/a/%2e%2e/b", "/a%00b", "/a%5Cb", "/./a"])
def test_odd_paths_are_refused_here(connection: http.client.HTTPConnection, path: str) -> None:
    answer = ask(connection, "GET", path)
    assert (answer.status, json.loads(answer.read())["code"]) == (400, "gateway.path_refused")


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_streams_through(
    connection: http.client.HTTPConnection, control: LocalHost, chunked: bool
) -> None:
    blocks = 800  # 52 MB
    whole = hashlib.sha256(BLOCK * blocks).hexdigest()
    framing = {"transfer_encoding": "chunked"} if chunked else {"content_length": str(len(BLOCK) * blocks)}
    connection.request(
        "POST",
        "/api/v1/uploads",
        (BLOCK for _ in range(blocks)),
        {name.replace("_", "-"): value for name, value in framing.items()},
        encode_chunked=chunked,
    )
    assert connection.getresponse().status == 200
    assert (control.seen["size"], control.seen["digest"]) == (len(BLOCK) * blocks, whole)


@pytest.mark.parametrize("framing", ["content-length: 1000000", "transfer-encoding: chunked"])
def test_an_upload_that_breaks_off_never_looks_complete(
    gateway: Gateway, control: LocalHost, framing: str
) -> None:
    gone, control.seen = control.gone, {}
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as sender:
        piece = BLOCK if "length" in framing else b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
        sender.sendall(f"POST /api/v1/uploads HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n".encode() + 5 * piece)
    wait_until(lambda: control.gone > gone)
    assert control.seen == {}


def memory() -> int:
    """Resident bytes of this process, which holds the gateway."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_slow_reader_of_a_large_answer_costs_no_memory(gateway: Gateway, control: LocalHost) -> None:
    size = 300_000_000
    before = memory()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as reader:
        reader.sendall(f"GET /large/{size} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        received = len(reader.recv(1_000))
        time.sleep(0.5)
        assert control.sent < 50_000_000
        assert memory() - before < 60_000_000
        while received < size:
            received += len(reader.recv(1_000_000))
    assert control.sent == size


def test_a_reader_that_leaves_a_large_answer_stops_it(gateway: Gateway, control: LocalHost) -> None:
    gone = control.gone
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as reader:
        reader.sendall(b"GET /large/300000000 HTTP/1.1\r\nhost: x\r\n\r\n")
        reader.recv(1_000)
    wait_until(lambda: control.gone > gone)
    assert control.sent < 300_000_000


def test_answers_of_unknown_length_and_events_pass(connection: http.client.HTTPConnection) -> None:
    assert len(ask(connection, "GET", "/unknown-length").read()) == 4 * 256 * 1024
    events = ask(connection, "GET", "/events")
    assert events.getheader("content-type") == "text/event-stream"
    assert events.read() == b"data: 1\n\ndata: 2\n\n"


def test_an_answer_that_breaks_off_is_seen_to(connection: http.client.HTTPConnection) -> None:
    answer = ask(connection, "GET", "/cut")
    with pytest.raises(http.client.IncompleteRead):
        answer.read()


def test_without_a_control_plane_model_doors_stay_open(gateways: Callable[..., Gateway]) -> None:
    alone = gateways([])
    connection = http.client.HTTPConnection("127.0.0.1", alone.port, timeout=PATIENCE)
    answer = ask(connection, "GET", "/")
    assert (answer.status, answer.getheader("retry-after")) == (503, "2")
    assert json.loads(answer.read())["code"] == "gateway.control_plane_unavailable"
    listed = ask(connection, "GET", "/v1/models", authorization=f"Bearer {KEY}")
    assert (listed.status, json.loads(listed.read())["data"]) == (200, [])
    connection.close()


@pytest.mark.capability("G19")
def test_a_prediction_reaches_its_model_with_the_callers_identity(
    connection: http.client.HTTPConnection, serving: LocalHost, gateway: Gateway
) -> None:
    body = b'{"inputs":[]}'
    path = "/v2/models/tumour/versions/3/infer"
    answer = ask(connection, "POST", path, body, authorization=f"Bearer {KEY}", x_tenuto_actor="root")
    assert answer.status == 200
    assert json.loads(answer.read())["target"] == path
    headers = seen_headers(serving)
    assert (headers["x-tenuto-actor"], headers["x-tenuto-workspace"]) == ("actor-k1", "w1")
    record = gateway.call_log.records[-1]
    assert (record.route, record.http_status, record.request_id) == (
        "tumour",
        200,
        answer.getheader("x-request-id"),
    )


@pytest.mark.parametrize(
    ("path", "key", "status", "said"),
    [
        ("/v2/models/tumour/infer", "", 401, "missing_api_key"),
        ("/v2/models/tumur/infer", KEY, 404, "the nearest is 'tumour'"),
        ("/v2/models/closed/infer", KEY, 403, "no policy allows it"),
        ("/v2/models/gone/infer", KEY, 503, "serving_unavailable"),
        ("/v2/repository/index", KEY, 404, "endpoint_not_found"),
    ],
)
def test_a_prediction_that_may_not_be_made_is_refused_in_its_protocol(
    connection: http.client.HTTPConnection, path: str, key: str, status: int, said: str
) -> None:
    answer = ask(connection, "POST", path, b"{}", x_api_key=key)
    assert answer.status == status
    assert said in json.loads(answer.read())["error"]


def test_the_prediction_server_says_who_it_is(connection: http.client.HTTPConnection) -> None:
    assert json.loads(ask(connection, "GET", "/v2").read())["name"] == "tenuto"
    assert json.loads(ask(connection, "GET", "/v2/health/live").read()) == {"live": True}
    assert json.loads(ask(connection, "GET", "/v2/health/ready").read()) == {"ready": True}
