"""Which names Tenuto answers under. Against DNS rebinding and poisoned links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenuto.core.errors import TenutoError
from tenuto.web.errors import HOST_UNKNOWN

Headers = Sequence[tuple[bytes, bytes]]


class Hosts:
    """The allowed hosts, each as ``name`` (any port) or ``name:port``."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(host.lower() for host in allowed)

    def require(self, headers: Headers) -> str:
        """Return the one Host header, in lower case. Raises when it is missing, doubled or not allowed."""
        found = [value for name, value in headers if name == b"host"]
        if len(found) != 1:
            raise TenutoError(HOST_UNKNOWN, f"{len(found)} Host headers; exactly one is wanted")
        host = found[0].decode("latin-1").lower()
        if host not in self._allowed and _without_port(host) not in self._allowed:
            raise TenutoError(HOST_UNKNOWN, repr(host[:100]))
        return host


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    is_name = ":" not in name or name.endswith("]")  # colons within brackets are an IPv6 address
    return name if colon and is_name and port.isascii() and port.isdigit() else host
