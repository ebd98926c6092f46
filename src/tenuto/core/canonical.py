"""Canonical JSON (RFC 8785) for what is hashed or signed.

Only the part of JSON with one spelling is taken: objects with text keys, lists, text, integers within +-2^53,
booleans and null. Floats are refused, because their spelling is where implementations part; write an exact
amount as text.
"""

from __future__ import annotations

import json
from typing import Any

from tenuto.core.errors import INVALID_VALUE, TenutoError

_LARGEST = 2**53


def canonical_json(value: Any) -> bytes:
    """Return the one spelling of ``value``. Raises ``TenutoError`` on what has no single one."""
    return json.dumps(_ordered(value, "$"), separators=(",", ":"), ensure_ascii=False).encode()


def _ordered(value: Any, place: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise TenutoError(INVALID_VALUE, f"{place}: integer beyond 2^53; write it as text")
        return value
    if isinstance(value, dict):
        keys = sorted((_text(key, place) for key in value), key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key], f"{place}.{key}") for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise TenutoError(INVALID_VALUE, f"{place}: {type(value).__name__} has no canonical spelling")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise TenutoError(INVALID_VALUE, f"{place}: a key must be text, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TenutoError(INVALID_VALUE, f"{place}: not valid Unicode") from error
    return value
