"""Addresses that are declared: what could be read twice, or would never match, is refused when it is declared."""

from __future__ import annotations

import pytest

from support.world import World
from tenuto.core.errors import TenutoError


@pytest.mark.capability("G1")
@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://example.org",
        "example.org/v1",
        "https://user@example.org",
        "https://:secret@example.org",
        "ftp://me:secret@example.org",
        "https://example.org?x=1",
        "https://example.org#x",
        "https://example.org\\@evil.org",
        "https://[::1",
        "https://example.org:99999",
        "https://example.org:port",
        "https://",
    ],
)
def test_a_base_address_is_read_in_one_way_or_refused(world: World, base_url: str) -> None:
    with pytest.raises(TenutoError) as caught:
        world.declare("Provider", "p", {"dialect": "openai", "base_url": base_url})
    assert caught.value.fault.code == "gateway.provider_invalid"
    assert "secret" not in str(caught.value.as_json())


@pytest.mark.parametrize("base_url", ["https://example.org/v1", "http://[::1]:8000", "http://10.0.0.1:80/"])
def test_plain_ones_are_taken(world: World, base_url: str) -> None:
    world.declare("Provider", "p", {"dialect": "openai", "base_url": base_url})


@pytest.mark.capability("G1")
@pytest.mark.parametrize(
    "spec",
    [
        {"host": ""},
        {"host": "https://example.org"},
        {"host": "example.org:443"},
        {"host": "example.org/v1"},
        {"host": "example.org."},
        {"host": "[::1]"},
        {"host": "*"},
        {"host": "*.example.org"},
        {"host": "a b"},
        {"host": "example.org", "port": 0},
        {"host": "example.org", "port": 65_536},
    ],
)
def test_a_rule_that_would_never_match_is_refused(world: World, spec: dict[str, object]) -> None:
    with pytest.raises(TenutoError) as caught:
        world.declare("EgressRule", "r", spec)
    assert caught.value.fault.code == "gateway.egress_rule_invalid"


@pytest.mark.parametrize(
    "host", ["example.org", "Models.Example.org", "localhost", "10.0.0.1", "::1", "fd00::1"]
)
def test_names_and_addresses_are_taken(world: World, host: str) -> None:
    world.declare("EgressRule", "r", {"host": host, "private": True})
