from __future__ import annotations

import ipaddress

import pytest

from tenuto.gateway.origin import origin_of

PROXIES = [ipaddress.ip_network(one) for one in ("10.0.0.0/24", "127.0.0.1/32", "fd00::/8")]


@pytest.mark.capability("C7")
@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # no proxy of ours: it says what it likes
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # the first was made up by the caller
        ("10.0.0.2", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),  # the same, on lines of their own
        ("10.0.0.2", ["1.2.3.4, 198.51.100.1, 10.0.0.3"], "198.51.100.1"),  # two proxies of ours
        ("10.0.0.2", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["198.51.100.1, unknown"], "10.0.0.2"),
        ("10.0.0.2", ["<script>"], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", ["10.0.0.3, 10.0.0.4"], "10.0.0.3"),  # somebody on the proxies' own network
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(peer: str, forwarded: list[str], origin: str) -> None:
    assert origin_of(peer, forwarded, PROXIES) == origin


def test_without_trusted_proxies_nobody_speaks_for_another() -> None:
    assert origin_of("127.0.0.1", ["198.51.100.1"], []) == "127.0.0.1"
