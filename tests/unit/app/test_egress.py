"""Where calls may go: every spelling of an address that is not public, and every way to a machine's credentials."""

from __future__ import annotations

import pytest

from tenuto.app.data_plane.egress import EgressList
from tenuto.core.errors import TenutoError
from tenuto.gateway.client.words import split_base
from tenuto.gateway.declared.words import EgressTarget

DECLARED = (
    EgressTarget("models.example.org", 443, private=False),
    EgressTarget("intern", 8000, private=True),
)
EGRESS = EgressList([("api.example.com", 443)], lambda: DECLARED)


@pytest.mark.capability("G1")
@pytest.mark.parametrize(
    ("scheme", "host", "port"),
    [
        ("http", "api.example.com", 443),  # a shipped host, but not over TLS
        ("https", "api.example.com", 80),
        ("https", "api.example.com.", 443),
        ("https", "api.example.com.evil.org", 443),
        ("https", "models.example.org", 80),
        ("http", "127.0.0.1", 80),
        ("http", "2130706433", 80),
        ("http", "0x7f.0.0.1", 80),
        ("http", "localhost", 8000),
        ("http", "::1", 80),
        ("http", "::ffff:127.0.0.1", 80),
        ("http", "", 443),
    ],
)
def test_a_host_nobody_declared_is_refused(scheme: str, host: str, port: int) -> None:
    with pytest.raises(TenutoError) as caught:
        EGRESS.check(scheme, host, port)
    assert caught.value.fault.code == "app.egress_refused"


def test_what_is_shipped_or_declared_is_allowed() -> None:
    EGRESS.check("https", "api.example.com", 443)
    EGRESS.check("https", "models.example.org", 443)
    EGRESS.check("http", "intern", 8000)


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "fd00::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "192.0.0.8",
]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "::ffff:169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "224.0.1.1",
    "ff0e::1",
    "0.0.0.0",  # noqa: S104  # an address that is refused, not one to listen on
    "::",
]


@pytest.mark.capability("G1")
@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_a_name_that_leads_to_a_private_address_leads_nowhere(address: str) -> None:
    """What a name resolves to decides, at each new connection: a name that changes its mind gains nothing."""
    assert EGRESS.addresses("models.example.org", [address]) == []
    assert EGRESS.addresses("models.example.org", ["8.8.8.8", address]) == ["8.8.8.8"]
    assert EGRESS.addresses("api.example.com", [address]) == []


@pytest.mark.capability("G1")
@pytest.mark.parametrize("address", NEVER)
def test_not_even_a_private_host_leads_to_a_machines_credentials(address: str) -> None:
    assert EGRESS.addresses("intern", [address]) == []


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_declared_as_private_may_be(address: str) -> None:
    assert EGRESS.addresses("intern", [address]) == [address]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_called(address: str) -> None:
    assert EGRESS.addresses("models.example.org", [address]) == [address]


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://api.example.com\\@evil.org/v1", None),
        ("https://api.example.com@evil.org/v1", None),
        ("https://user:secret@api.example.com/v1", None),
        ("https://evil.org#@api.example.com", None),
        ("https://evil.org?@api.example.com", None),
        ("ftp://api.example.com", None),
        ("file:///etc/passwd", None),
        ("//api.example.com", None),
        ("HTTPS://API.Example.COM:443/v1/", "api.example.com"),
        ("http://2130706433/v1", "2130706433"),
    ],
)
def test_what_is_checked_is_what_is_called(base: str, host: str | None) -> None:
    """An address that two readers could read differently is refused; else both read the same host."""
    if host is not None:
        assert split_base(base)[0].host == host
        return
    with pytest.raises(TenutoError):
        split_base(base)
