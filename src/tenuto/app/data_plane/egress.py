"""Where calls may go: hosts that a shipped profile knows, and hosts that somebody declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network

from tenuto.app.errors import EGRESS_REFUSED
from tenuto.core.errors import TenutoError
from tenuto.gateway.declared.words import EgressTarget

# Ranges that Python calls global although they lead into private networks.
_DISGUISED = tuple(map(ip_network, ("64:ff9b::/96", "2002::/16", "64:ff9b:1::/48")))


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
        """Keep public addresses; private ones only for a host that was declared to have them."""
        private = any(target.host == host and target.private for target in self._declared())
        return [address for address in resolved if private or _is_public(address)]

    def _target(self, host: str, port: int) -> EgressTarget | None:
        return next((one for one in self._declared() if (one.host, one.port) == (host, port)), None)


def _is_public(address: str) -> bool:
    found = ip_address(address)
    return found.is_global and not any(found in network for network in _DISGUISED)
