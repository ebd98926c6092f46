"""How deep a JSON document is, told without following it down."""

from __future__ import annotations

import re
from itertools import accumulate

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import BODY_NOT_JSON

DEEPEST = 100  # levels; whoever reads a document level by level needs a stack that many times as deep

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEP = {ord("["): 1, ord("]"): -1}


def check_nesting(document: bytes) -> None:
    """Raise ``TenutoError`` when valid JSON is nested deeper than ``DEEPEST`` levels."""
    if document.count(b"[") + document.count(b"{") <= DEEPEST:
        return
    brackets = _STRING.sub(b"", document).translate(_ONE_KIND, _NO_BRACKET)
    if any(depth > DEEPEST for depth in accumulate(map(_STEP.__getitem__, brackets))):
        raise TenutoError(BODY_NOT_JSON, f"the JSON is nested deeper than {DEEPEST} levels")
