"""Keyed digests for what passes through a browser and must come back unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac

_SMALLEST_KEY = 32  # bytes


class Signer:
    """Signs text for one purpose; a signature made for one purpose is worthless for another."""

    def __init__(self, key: bytes, purpose: str) -> None:
        if len(key) < _SMALLEST_KEY:
            raise ValueError(f"a signing key has at least {_SMALLEST_KEY} bytes")
        self._key = hmac.digest(key, f"tenuto web {purpose}".encode(), hashlib.sha256)

    def sign(self, text: str) -> str:
        made = hmac.digest(self._key, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def is_valid(self, text: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(text).encode(), signature.encode())
