"""Headers in which proxies vouch for somebody. From a client they are forgeries, so the edge removes them.

Inside, only the ``tenuto-edge-`` headers are believed, and only on a socket that the edge alone can reach.
"""

from __future__ import annotations

from collections.abc import Iterable

EDGE_PREFIX = b"tenuto-edge-"
EDGE_SOURCE = EDGE_PREFIX + b"source"
EDGE_REQUEST_ID = EDGE_PREFIX + b"request-id"

_PREFIXES = (
    EDGE_PREFIX,
    b"x-forwarded-",
    b"x-auth-request-",
    b"x-ms-client-principal",
    b"x-goog-authenticated-",
)
_NAMES = frozenset(
    {
        b"forwarded",
        b"x-real-ip",
        b"x-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"remote-user",
        b"x-remote-user",
        b"x-remote-group",
        b"x-user",
        b"x-user-id",
        b"x-email",
        b"x-webauth-user",
        b"kubeflow-userid",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-http-method-override",
    }
)


def is_identity_header(name: bytes) -> bool:
    """Tell whether a header claims an identity, an origin or another address. ``_`` counts as ``-``."""
    plain = name.lower().replace(b"_", b"-")
    return plain in _NAMES or plain.startswith(_PREFIXES)


def without_identity_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if not is_identity_header(name)]
