"""Messages for the next page, carried in a signed cookie: no other page can put words on ours."""

from __future__ import annotations

import base64
import binascii

import msgspec

from tenuto.web.security.signing import Signer
from tenuto.web.words import Flash


class Flashes:
    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, "flash")

    def packed(self, flash: Flash) -> str:
        text = base64.urlsafe_b64encode(msgspec.json.encode(flash)).rstrip(b"=").decode()
        return f"{text}.{self._signer.sign(text)}"

    def unpacked(self, packed: str) -> Flash | None:
        """Return the message, or None for anything that we did not write."""
        text, _, signature = packed.partition(".")
        if not self._signer.is_valid(text, signature):
            return None
        try:
            content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.json.decode(content, type=Flash)
        except (binascii.Error, msgspec.DecodeError):
            return None  # written by an older version with the same key
