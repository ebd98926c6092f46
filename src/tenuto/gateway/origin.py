"""Where a request came from, when proxies stand before the platform."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def origin_of(peer: str, forwarded: Iterable[str], proxies: Sequence[Network]) -> str:
    """Return the nearest address that is no trusted proxy; ``peer`` is who opened the connection.

    Each proxy adds to the end of ``X-Forwarded-For`` whom it saw. So the list is read from its end, and only as
    far as it was written by proxies that are trusted: what stands before is whatever the caller made up.
    """
    nearest = peer
    hops = [hop for line in forwarded for hop in line.split(",")]
    while hops and _trusted(nearest, proxies):
        seen = _address(hops.pop())
        if seen is None:
            break
        nearest = str(seen)
    return nearest


def _trusted(address: str, proxies: Sequence[Network]) -> bool:
    found = _address(address)
    return found is not None and any(found in network for network in proxies)


def _address(text: str) -> Address | None:
    """Read an address, with or without a port. IPv4 in an IPv6 coat is IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
