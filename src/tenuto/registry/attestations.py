"""Signed statements about a model: an in-toto Statement in a DSSE envelope, signed with Ed25519."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenuto.core.canonical import canonical_json
from tenuto.core.errors import TenutoError
from tenuto.registry.errors import ATTESTATION_INVALID, SIGNING_KEY_MALFORMED

_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://tenuto.dev/attestation/model/v1"


class Signer(Protocol):
    """Holds the platform's signing key, outside the database."""

    @property
    def key_id(self) -> str: ...

    @property
    def public_key(self) -> Ed25519PublicKey: ...

    def sign(self, message: bytes) -> bytes: ...


class Ed25519Signer:
    def __init__(self, key_id: str, key: Ed25519PrivateKey) -> None:
        self.key_id = key_id
        self.public_key = key.public_key()
        self._key = key

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class _Signature(msgspec.Struct, frozen=True):
    keyid: str
    sig: str


class _Envelope(msgspec.Struct, frozen=True):
    payload_type: str = msgspec.field(name="payloadType")
    payload: str = ""
    signatures: list[_Signature] = []


def public_key_text(key: Ed25519PublicKey) -> str:
    """Return a public key as PEM."""
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_bytes(*form).decode()


def read_public_key(text: str) -> Ed25519PublicKey:
    """Read a public key from PEM. Raises when it is none of Ed25519."""
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TenutoError(SIGNING_KEY_MALFORMED) from error
    if not isinstance(key, Ed25519PublicKey):
        raise TenutoError(SIGNING_KEY_MALFORMED, type(key).__name__)
    return key


def attest(signer: Signer, name: str, digest: str, predicate: dict[str, Any]) -> str:
    """Return a DSSE envelope (JSON) that binds ``predicate`` to the bytes under ``digest``."""
    algorithm, _, value = digest.partition(":")
    statement = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {algorithm: value}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    payload = canonical_json(statement)
    signature = base64.b64encode(signer.sign(_pre_authentication(payload))).decode()
    envelope = _Envelope(
        _PAYLOAD_TYPE, base64.b64encode(payload).decode(), [_Signature(signer.key_id, signature)]
    )
    return msgspec.json.encode(envelope).decode()


def require_attested(public_key: Ed25519PublicKey, envelope: str, digest: str) -> dict[str, Any]:
    """Return the predicate if the signature holds and speaks of ``digest``; raise otherwise."""
    try:
        read = msgspec.json.decode(envelope, type=_Envelope)
        payload = base64.b64decode(read.payload, validate=True)
        signature = base64.b64decode(read.signatures[0].sig, validate=True)
        public_key.verify(signature, _pre_authentication(payload))
    except (msgspec.MsgspecError, binascii.Error, IndexError, InvalidSignature) as error:
        raise TenutoError(ATTESTATION_INVALID, digest) from error
    statement = msgspec.json.decode(payload)
    algorithm, _, value = digest.partition(":")
    if statement["subject"][0]["digest"].get(algorithm) != value:
        raise TenutoError(ATTESTATION_INVALID, f"the statement is about other bytes than {digest}")
    predicate = statement["predicate"]
    assert isinstance(predicate, dict)
    return predicate


def _pre_authentication(payload: bytes) -> bytes:
    """The bytes that DSSE signs (its PAE), so that a payload cannot pass for another type."""
    kind = _PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
