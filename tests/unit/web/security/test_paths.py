"""An address has one reading (SEC-02, SEC-03, SEC-04)."""

from __future__ import annotations

import asyncio
import posixpath
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenuto.core.errors import TenutoError
from tenuto.web.security.paths import decoded_path, path_of

HOSTILE = [
    b"/static/../secrets",
    b"/static/..",
    b"/./x",
    b"/a//b",
    b"//evil.example",
    b"/static/%2e%2e/secrets",
    b"/static/%2E%2E%2Fsecrets",
    b"/static/..%2fsecrets",
    b"/static/%252e%252e%252fsecrets",
    b"/static/%25%32%65%25%32%65/secrets",
    b"/static/..%5csecrets",
    b"/static\\..\\secrets",
    b"/a;/../b",
    b"/a;jsessionid=1",
    b"/a%3b/b",
    b"/a%00.txt",
    b"/a%0d%0aSet-Cookie:x",
    b"/a\x7f",
    b"/%ff%fe",
    b"/%c0%ae%c0%ae/secrets",
    b"relative",
    b"",
    b"http://evil.example/",
    b"/" + b"a" * 3000,
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_what_could_be_read_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(TenutoError) as refused:
        decoded_path(raw)
    assert refused.value.fault.code == "web.path_refused"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/models/churn", "/models/churn"),
        (b"/models/%C3%A9t%C3%A9", "/models/été"),
        (b"/models/a%20b", "/models/a b"),
        (b"/a..b/...", "/a..b/..."),
        (b"/100%25", "/100%"),
        (b"/a+b~c-d_e", "/a+b~c-d_e"),
    ],
)
def test_plain_addresses_are_decoded_once(raw: bytes, path: str) -> None:
    assert decoded_path(raw) == path


def test_a_path_that_the_server_decoded_is_not_decoded_again() -> None:
    assert path_of({"path": "/100%"}) == "/100%"
    assert path_of({"path": "/x", "raw_path": b"/a%20b?c=%2F"}) == "/a b"
    with pytest.raises(TenutoError):
        path_of({"path": "/%2e%2e/secrets"})


def test_the_site_refuses_them_before_any_route(visitor: Any) -> None:
    """Spoken to without a client, because clients tidy addresses."""
    assert {raw: _status(visitor.client.app, raw) for raw in HOSTILE} == dict.fromkeys(HOSTILE, 400)
    assert _status(visitor.client.app, b"/runs") == 303


def _status(app: Any, raw: bytes) -> int:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": raw,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"accept", b"text/html")],
    }
    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"])


@given(some.text(alphabet="/.%2eEfF5c;\\\x00\naé ~", max_size=30))
def test_whatever_is_taken_has_no_second_reading(text: str) -> None:
    raw = quote(f"/{text}", safe="/%;\\").encode()
    try:
        path = decoded_path(raw)
    except TenutoError:
        return
    assert unquote(path) == path
    assert posixpath.normpath(path) == (path.rstrip("/") or "/")
    assert "\\" not in path
