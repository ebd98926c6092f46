"""What only a real server can show: raw addresses, bodies in flight, readers who leave."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import time
from typing import Any

import pytest

from fixtures.gallery.people import API_KEY

pytestmark = pytest.mark.system
KEY = {"Authorization": f"Bearer {API_KEY}"}


def _ask(port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {**KEY, **(headers or {})})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def _raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../etc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc/passwd",
        "/static/%252e%252e%252fetc/passwd",
        "/static/..%5c..%5cetc",
        "/runs;/../api/v1/orders",
        "/runs%00",
        "//evil.example/runs",
        "/%ff",
    ],
)
def test_the_server_hands_on_addresses_as_they_were_written(port: int, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    assert _raw(port, request).split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1@evil.example", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_misdirected(port: int, host: str) -> None:
    request = f"GET /runs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert b" 421 " in _raw(port, request).split(b"\r\n")[0]


def test_an_upload_too_large_is_refused_before_it_is_sent(port: int) -> None:
    request = (
        "PUT /api/v1/orders/x/file HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: {KEY['Authorization']}\r\nContent-Length: 3221225472\r\n\r\n"
    ).encode()
    answer = _raw(port, request)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["context"] == {"limit": 1_000_000}


def test_an_upload_of_unknown_length_is_stopped_at_the_limit(port: int) -> None:
    answer, content = _ask(port, "PUT", "/api/v1/orders/x/file", (b"x" * 1000 for _ in range(1001)))
    assert answer.status == 413
    assert json.loads(content)["error"]["code"] == "web.body_too_large"
    answer, content = _ask(port, "PUT", "/api/v1/orders/x/file", (b"x" * 1000 for _ in range(1000)))
    assert (answer.status, json.loads(content)["size"]) == (200, 1_000_000)


def test_head_and_unchanged_answers_have_no_body(port: int) -> None:
    answer, content = _ask(port, "HEAD", "/api/v1/orders")
    assert (answer.status, content) == (200, b"")
    answer, content = _ask(port, "GET", "/api/v1/orders/x", headers={"If-None-Match": '"1"'})
    assert (answer.status, content) == (304, b"")


def test_a_stream_arrives_whole(port: int) -> None:
    _, content = _ask(port, "GET", "/api/v1/export")
    assert content == b"0\n1\n2\n"


def test_a_live_stream_that_ends_lets_the_connection_go(port: int) -> None:
    answer, content = _ask(port, "GET", "/api/v1/news")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert content.endswith(b"event: end\nid: 5\ndata:\n\n")


def test_a_reader_who_leaves_ends_the_reading(port: int) -> None:
    """The source is looked at while somebody reads, and never again once they have gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/api/v1/endless", headers=KEY)
    answer = connection.getresponse()
    for line in answer:
        if line.startswith(b"data: 3"):
            break
    answer.close()
    connection.close()
    looks = (_looks(port) for _ in itertools.count())
    while next(looks) != next(looks):
        pass


def _looks(port: int) -> int:
    time.sleep(0.3)  # six times as long as the source waits between two looks
    _, content = _ask(port, "GET", "/api/v1/looks")
    return int(json.loads(content)["looks"])
