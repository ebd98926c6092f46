"""Headers in which proxies vouch for somebody. From a client they are forgeries, so the edge removes them.

The edge then writes two of them anew, source and request id; they are believed on its own socket only.
"""

from __future__ import annotations

from collections.abc import Iterable

SOURCE = b"x-forwarded-for"
REQUEST_ID = b"x-request-id"

_PREFIXES = (
    b"x-forwarded-",
    b"x-auth-request-",
    b"x-ms-client-principal",
    b"x-goog-authenticated-",
)
_NAMES = frozenset(
    {
        REQUEST_ID,
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
