"""Bodies that arrive compressed, inflated no further than the limit on plain bodies."""

from __future__ import annotations

import zlib

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_ENCODING, REQUEST_TOO_LARGE

_AUTO_HEADER = 32  # zlib finds out by itself whether it reads gzip or zlib framing


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the plain body. Raises ``REQUEST_TOO_LARGE`` beyond ``limit`` bytes."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in {"gzip", "deflate"}:
        raise TenutoError(REQUEST_ENCODING, f"{encoding!r}")
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | _AUTO_HEADER)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise TenutoError(REQUEST_ENCODING, f"the body is not valid {name}: {error}") from error
    if len(plain) > limit:
        raise TenutoError(REQUEST_TOO_LARGE, f"more than {limit} bytes once inflated", limit=limit)
    if not stream.eof:
        raise TenutoError(REQUEST_ENCODING, f"the {name} body ends too early")
    return plain
