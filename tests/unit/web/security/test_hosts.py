"""Tenuto answers under its own names only; a poisoned Host decides nothing (SEC-17, SEC-29)."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.core.errors import TenutoError
from tenuto.web.security.hosts import Hosts

HOSTS = Hosts(["tenuto.example", "127.0.0.1:8484", "[::1]"])


@pytest.mark.parametrize(
    "host", [b"tenuto.example", b"TENUTO.example", b"tenuto.example:9000", b"127.0.0.1:8484", b"[::1]:8484"]
)
def test_own_names_are_taken(host: bytes) -> None:
    assert HOSTS.require([(b"host", host)]) == host.decode().lower()


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"evil.example/public?x=",
        b"tenuto.example.evil.example",
        b"tenuto.example:8484@evil.example",
        b"tenuto.example:84x",
        b"tenuto.example, evil.example",
        b"127.0.0.1",
        b"127.0.0.1:9999",
        b"127.0.0.1:8484:1",
        b"\xff\xfe",
        b"",
    ],
)
def test_other_names_are_refused(host: bytes) -> None:
    with pytest.raises(TenutoError) as refused:
        HOSTS.require([(b"host", host)])
    assert refused.value.fault.code == "web.host_unknown"


def test_no_host_and_two_hosts_are_refused() -> None:
    for headers in ([], [(b"host", b"tenuto.example"), (b"host", b"tenuto.example")]):
        with pytest.raises(TenutoError):
            HOSTS.require(headers)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "testserver@evil.example",
        "evil.example/static/x?",
        "testserver/../../api",
        "testserver#x",
        "localhost",
        "127.0.0.1",
        "testserver.evil.example",
    ],
)
def test_the_host_never_changes_which_route_is_meant(visitor: Any, host: str) -> None:
    answer = visitor.client.get("/api/v1/orders", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "web.host_unknown"
