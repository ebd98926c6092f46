"""JSON of an upstream: whatever is wrong with it, the upstream is at fault and another one may do better."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_MALFORMED

T = TypeVar("T")


def read_upstream(decoder: msgspec.json.Decoder[T], content: bytes, what: str) -> T:
    """Decode ``content``. Raises ``TenutoError`` with UPSTREAM_MALFORMED for anything that cannot be read.

    ValueError stands for text that is no UTF-8 and for numbers of more digits than Python converts.
    """
    try:
        return decoder.decode(content)
    except RecursionError as error:
        raise TenutoError(UPSTREAM_MALFORMED, f"{what} could not be read: it is nested too deeply") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise TenutoError(UPSTREAM_MALFORMED, f"{what} could not be read: {error}") from error
