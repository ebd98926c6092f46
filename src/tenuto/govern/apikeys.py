"""API keys: ``tnt_<environment>_<id><secret><checksum>``, of letters and digits only.

    tnt           so that secret scanners know the key when they meet it
    environment   2 to 8 small letters, for the eyes of people
    id            22 characters, 128 random bits: what the key is looked up by
    secret        43 characters, 256 random bits
    checksum      6 characters, CRC-32 of all before: a slip is refused without asking the database

What is kept is the HMAC-SHA-256 of the key under a pepper that lies outside the database. With 256 random
bits a slow hash would protect nothing and cost tens of milliseconds a call.
"""

from __future__ import annotations

import hmac
import re
import zlib
from collections.abc import Callable, Iterable

import msgspec

from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.govern.errors import KEY_MALFORMED
from tenuto.govern.secret_text import SecretText

PREFIX = "tnt_"
PEPPER_BYTES = 32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID, _SECRET, _CHECKSUM = 22, 43, 6  # characters; 62^22 > 2^128, 62^43 > 2^256, 62^6 > 2^32
_ENVIRONMENT = re.compile(r"[a-z]{2,8}")
_SHAPE = re.compile(
    rf"tnt_([a-z]{{2,8}})_([0-9A-Za-z]{{{_ID}}})([0-9A-Za-z]{{{_SECRET}}})([0-9A-Za-z]{{{_CHECKSUM}}})"
)


class ApiKey(msgspec.Struct, frozen=True, eq=False):
    """A well-formed key. ``whole`` is what the holder keeps: shown once, when the key is made."""

    environment: str
    id: str
    whole: SecretText

    @property
    def shown(self) -> str:
        """The key as lists and logs may show it: enough to tell keys apart, nothing to sign in with."""
        return f"{PREFIX}{self.environment}_{self.id[:6]}\u2026"


def mint(environment: str, entropy: Callable[[int], bytes], *, key_id: str | None = None) -> ApiKey:
    """Make a key; with ``key_id`` a fresh secret under an id that exists, for a rotation with overlap."""
    if not _ENVIRONMENT.fullmatch(environment):
        raise TenutoError(INVALID_VALUE, "the environment of a key is 2 to 8 small letters")
    identity = _base62(entropy(16), _ID) if key_id is None else key_id
    body = f"{PREFIX}{environment}_{identity}{_base62(entropy(32), _SECRET)}"
    return parse(body + _checksum(body))


def parse(text: str) -> ApiKey:
    """Read a presented key. Refuses what Tenuto cannot have issued, and never repeats it."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise TenutoError(KEY_MALFORMED, _what_is_wrong(text))
    body, checksum = text[:-_CHECKSUM], text[-_CHECKSUM:]
    if checksum != _checksum(body):
        raise TenutoError(KEY_MALFORMED, "its checksum does not fit: at least one character is wrong")
    return ApiKey(match[1], match[2], SecretText(text))


def stored_form(key: ApiKey, pepper: bytes) -> bytes:
    """Return the 32 bytes to keep instead of the key. They bind secret, id and environment together."""
    if len(pepper) < PEPPER_BYTES:
        raise TenutoError(INVALID_VALUE, f"the pepper of API keys has at least {PEPPER_BYTES} bytes")
    return hmac.digest(pepper, key.whole.reveal().encode(), "sha256")


def matches(key: ApiKey, stored: Iterable[bytes], pepper: bytes) -> bool:
    """Tell whether the key is one of the stored ones (two while a rotation lasts), in constant time."""
    presented = stored_form(key, pepper)
    found = False
    for each in stored:  # no early end: how many were compared must not show
        found |= hmac.compare_digest(presented, each)
    return found


def _what_is_wrong(text: str) -> str:
    if not text.startswith(PREFIX):
        return f"a key begins with `{PREFIX}`"
    rest = text.removeprefix(PREFIX).partition("_")[2]
    expected = _ID + _SECRET + _CHECKSUM
    if len(rest) != expected:
        return f"it has {len(rest)} characters behind its environment instead of {expected}"
    return "it holds a character that keys do not have"


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()).to_bytes(4), _CHECKSUM)


def _base62(value: bytes, length: int) -> str:
    number, digits = int.from_bytes(value), []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
