"""How long the next attempt waits, and what counts as one address. Values in, values out."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import msgspec

FORGOTTEN_AFTER = timedelta(hours=1)  # without a further attempt


class Limit(msgspec.Struct, frozen=True):
    """``free`` failures cost nothing; then each doubles the wait, up to ``longest`` seconds."""

    free: int
    longest: int

    def wait(self, failures: int) -> float:
        """Return the seconds that must lie between the last failure and the next attempt."""
        beyond = failures - self.free
        return 0.0 if beyond < 0 else float(min(self.longest, 2 ** min(beyond, 16)))


HERE = Limit(10, 300)  # this person from this address
ADDRESS = Limit(30, 300)
PERSON = Limit(100, 30)


class Count(msgspec.Struct, frozen=True):
    """What is kept under one name. ``known_until``: somebody signed in there before."""

    failures: int
    last_at: datetime
    known_until: datetime | None

    def standing(self, now: datetime) -> int:
        """Return the failures that still count."""
        return 0 if now - self.last_at > FORGOTTEN_AFTER else self.failures

    def left(self, limit: Limit, now: datetime) -> float:
        """Return the seconds that the next attempt has to wait."""
        wait = limit.wait(self.standing(now))
        return wait - (now - self.last_at).total_seconds() if wait else 0.0

    def knows(self, now: datetime) -> bool:
        return self.known_until is not None and self.known_until > now


def limits_of(email: str, source: str) -> dict[str, Limit]:
    """Return the names an attempt counts under; the first is that of the person at the address."""
    person, address = email.strip().lower(), network_of(source)
    return {f"here {person} {address}": HERE, f"address {address}": ADDRESS, f"person {person}": PERSON}


def network_of(source: str) -> str:
    """Return what one caller cannot change at will: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
