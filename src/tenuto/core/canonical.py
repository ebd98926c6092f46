"""Canonical JSON (RFC 8785) for what is hashed or signed.

Only the part of JSON with one spelling is taken: objects with text keys, lists, text, integers within +-2^53,
booleans and null. Floats are refused, because their spelling is where implementations part; write an exact
amount as text.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tenuto.core.errors import INVALID_VALUE, TenutoError

_LARGEST = 2**53
_encode = msgspec.json.Encoder(order="sorted").encode


def canonical_json(value: Any) -> bytes:
    """Return the one spelling of ``value``. Raises ``TenutoError`` on what has no single one."""
    if _is_plain(value):
        return _encode(value)
    return json.dumps(_ordered(value, "$"), separators=(",", ":"), ensure_ascii=False).encode()


def _is_plain(value: Any) -> bool:
    """Tell whether the compiled encoder, a hundred times faster, is known to spell ``value`` the same way.

    It orders keys by code point; RFC 8785 asks for UTF-16 units. For keys in ASCII these are the same.
    """
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_unicode(value)
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str or not key.isascii() or not _is_plain(inner):
                return False
        return True
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return value is None or kind is bool


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    if not _is_unicode(value):
        raise TenutoError(INVALID_VALUE, f"{place}: not valid Unicode")
    return value
