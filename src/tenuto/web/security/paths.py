r"""An address is decoded once and has one reading; whatever could be read twice is refused.

``%252e%252e%252f``, ``/static/..\secrets`` and ``/a;/../b`` are refused before any route is looked up.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from tenuto.core.errors import TenutoError
from tenuto.web.errors import PATH_REFUSED

_LONGEST = 2_048  # bytes, still encoded
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\;]|%[0-9A-Fa-f]{2}|//")
_DOTS = frozenset({".", ".."})


def path_of(scope: Any) -> str:
    """Return the decoded path of an ASGI scope. Raises INVALID when it has more than one reading."""
    raw = scope.get("raw_path")
    # Without the raw form the server has decoded already, and decoding again would be the second reading.
    return _unambiguous(str(scope["path"])) if raw is None else decoded_path(raw.partition(b"?")[0])


def decoded_path(raw: bytes) -> str:
    """Decode a path once. Raises INVALID when the result could be decoded or resolved further."""
    if len(raw) > _LONGEST:
        raise TenutoError(PATH_REFUSED, f"longer than {_LONGEST} bytes")
    if b"%2f" in raw.lower():
        raise TenutoError(PATH_REFUSED, "a slash within a segment")
    try:
        return _unambiguous(unquote_to_bytes(raw).decode())
    except UnicodeDecodeError as error:
        raise TenutoError(PATH_REFUSED, "not valid UTF-8") from error


def _unambiguous(path: str) -> str:
    if not path.startswith("/") or _AMBIGUOUS.search(path) or _DOTS & set(path.split("/")):
        raise TenutoError(PATH_REFUSED)
    return path
