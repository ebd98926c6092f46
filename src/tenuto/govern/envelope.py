"""Secrets at rest: AES-256-GCM envelopes that open only in the place they were sealed for.

Each version of a secret has a data key of its own; the data key is wrapped by a key-encryption key that never
lies in the database. Both are bound to the place, so a row copied over another row does not open. Rotation
wraps data keys anew and leaves what they protect as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenuto.core.canonical import canonical_json
from tenuto.core.errors import TenutoError
from tenuto.govern.errors import SECRET_UNREADABLE
from tenuto.govern.secret_text import SecretText

DATA_KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretPlace(msgspec.Struct, frozen=True):
    """Where a secret is kept. ``workspace`` None is the organisation; ``version`` counts from 1."""

    workspace: str | None
    kind: str
    id: str
    version: int

    def bound(self, purpose: str) -> bytes:
        """Return what the encryption is bound to. A JSON list, so that no two places can be spelled alike."""
        return canonical_json(["tenuto-1", purpose, self.workspace, self.kind, self.id, self.version])

    def __str__(self) -> str:
        return f"{self.workspace or 'organisation'}/{self.kind}/{self.id}/{self.version}"


class Envelope(msgspec.Struct, frozen=True):
    """What the database keeps. Both parts begin with their nonce and end with their tag."""

    key_id: str
    wrapped_key: bytes
    sealed: bytes

    def __repr__(self) -> str:
        return f"Envelope(key_id={self.key_id!r})"


class KeyProvider(Protocol):
    """Who holds the key-encryption keys: a file, or a service that never gives them out."""

    @property
    def newest(self) -> str:
        """Return the id of the key that wraps from now on."""
        ...

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        """Wrap under the newest key; return its id and the wrapped key."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, bound: bytes) -> bytes:
        """Return the data key. Raises ``TenutoError`` when the key is unknown or ``bound`` is another."""
        ...


def seal(
    place: SecretPlace, secret: SecretText, keys: KeyProvider, entropy: Callable[[int], bytes]
) -> Envelope:
    data_key = entropy(DATA_KEY_BYTES)
    key_id, wrapped = keys.wrap(data_key, place.bound("key"))
    content = secret.reveal().encode("utf-8", "surrogatepass")
    return Envelope(key_id, wrapped, encrypt(data_key, content, place.bound("secret"), entropy))


def unseal(place: SecretPlace, envelope: Envelope, keys: KeyProvider) -> SecretText:
    """Open an envelope. Raises when it was altered, or was sealed for another place or version."""
    data_key = keys.unwrap(envelope.key_id, envelope.wrapped_key, place.bound("key"))
    content = decrypt(data_key, envelope.sealed, place.bound("secret"), str(place))
    return SecretText(content.decode("utf-8", "surrogatepass"))


def rewrap(place: SecretPlace, envelope: Envelope, keys: KeyProvider) -> Envelope:
    """Return the envelope under the newest key; the same object when it already is."""
    if envelope.key_id == keys.newest:
        return envelope
    bound = place.bound("key")
    key_id, wrapped = keys.wrap(keys.unwrap(envelope.key_id, envelope.wrapped_key, bound), bound)
    return Envelope(key_id, wrapped, envelope.sealed)


def encrypt(key: bytes, content: bytes, bound: bytes, entropy: Callable[[int], bytes]) -> bytes:
    nonce = entropy(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes, what: str) -> bytes:
    """Decrypt what ``encrypt`` gave. ``what`` names it in the error."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
        raise TenutoError(SECRET_UNREADABLE, what) from error
