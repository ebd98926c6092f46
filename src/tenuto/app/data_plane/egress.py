"""Where calls may go: hosts that a shipped profile knows, and hosts that somebody declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tenuto.app.errors import EGRESS_REFUSED
from tenuto.core.errors import TenutoError
from tenuto.gateway.declared.words import EgressTarget

# Ranges that Python calls global although they lead, or may lead, into private networks.
_DISGUISED = tuple(
    map(
        ip_network,
        (
            *("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10"),
            *("192.0.0.0/24", "192.88.99.0/24"),
        ),
    )
)
# Where clouds answer every machine with its credentials, beside the link-local addresses.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))

Address = IPv4Address | IPv6Address


class EgressList:
    """The allow-list of one process. ``declared`` is asked at each new connection, so a change holds at once."""

    def __init__(
        self, known: Iterable[tuple[str, int]], declared: Callable[[], Sequence[EgressTarget]]
    ) -> None:
        self._known = frozenset(known)
        self._declared = declared

    def check(self, scheme: str, host: str, port: int) -> None:
        if scheme == "https" and (host, port) in self._known:
            return
        if self._target(host, port) is None:
            raise TenutoError(EGRESS_REFUSED, f"{host}:{port}", host=host, port=port)

    def addresses(self, host: str, resolved: Sequence[str]) -> Sequence[str]:
        """Keep public addresses; private ones only for a host that was declared to have them.

        What answers for the machine itself, or to many at once, is nobody's upstream.
        """
        private = any(target.host == host and target.private for target in self._declared())
        plain = {address: _plain(address) for address in resolved}
        return [
            address
            for address, found in plain.items()
            if not _is_never(found) and (private or _is_public(found))
        ]

    def _target(self, host: str, port: int) -> EgressTarget | None:
        return next((one for one in self._declared() if (one.host, one.port) == (host, port)), None)


def _plain(address: str) -> Address:
    """Read an IPv4 address that is written as an IPv6 one as what it is."""
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _is_never(found: Address) -> bool:
    return found.is_link_local or found.is_multicast or found.is_unspecified or found in _METADATA


def _is_public(found: Address) -> bool:
    return found.is_global and not any(found in network for network in _DISGUISED)
