"""Ed25519 keys of signed notes, in the two text forms that the note tools of others read and write.

verifier   NAME+HASH+BASE64              algorithm byte 1 and the public key
signer     PRIVATE+KEY+NAME+HASH+BASE64  algorithm byte 1 and the seed
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenuto.core.errors import Fault, TenutoError
from tenuto.govern.errors import KEY_FILE_BROKEN, VERIFIER_KEY_MALFORMED
from tenuto.govern.keyfiles import create_private, read_private

KEY_BYTES = 32
SIGNATURE_BYTES = 64
_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]+")
_PUBLIC_LINE = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([0-9A-Za-z+/=]+)")


class VerifierKey:
    """A public key with the name it signs under. Names hold no space and no ``+``."""

    def __init__(self, name: str, public: bytes) -> None:
        _require(bool(_NAME.fullmatch(name)), VERIFIER_KEY_MALFORMED, "a name holds no space and no `+`")
        _require(len(public) == KEY_BYTES, VERIFIER_KEY_MALFORMED, f"a public key has {KEY_BYTES} bytes")
        self.name = name
        self.key_hash = sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
        self._public = public
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash.hex()}+{b64encode(_ED25519 + self._public).decode()}"


class SigningKey:
    """A private key with its name. Its text never holds the key."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        return self.verifier.name

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"


def create_signing_key(path: Path, name: str, entropy: Callable[[int], bytes]) -> SigningKey:
    """Make a key and keep it at ``path`` (mode 0600). The path belongs outside the data folder."""
    seed = entropy(KEY_BYTES)
    key = SigningKey(name, seed)
    line = f"{_PRIVATE}{name}+{key.verifier.key_hash.hex()}+{b64encode(_ED25519 + seed).decode()}\n"
    create_private(path, line.encode())
    return key


def load_signing_key(path: Path) -> SigningKey:
    """Read a key from its file. Refuses a file that others can read."""
    line = read_private(path).decode("utf-8", "replace").strip()
    _require(line.startswith(_PRIVATE), KEY_FILE_BROKEN, f"{path}: this is not a private note key")
    name, key_hash, seed = _split(line.removeprefix(_PRIVATE), KEY_FILE_BROKEN)
    key = SigningKey(name, seed)
    _require(key.verifier.key_hash == key_hash, KEY_FILE_BROKEN, f"{path}: name and key do not fit together")
    return key


def parse_verifier_key(line: str) -> VerifierKey:
    name, key_hash, public = _split(line.strip(), VERIFIER_KEY_MALFORMED)
    key = VerifierKey(name, public)
    _require(key.key_hash == key_hash, VERIFIER_KEY_MALFORMED, "the hash does not fit name and key")
    return key


def _split(line: str, fault: Fault) -> tuple[str, bytes, bytes]:
    match = _PUBLIC_LINE.fullmatch(line)
    if match is None:
        raise TenutoError(fault, "expected a name, a hash of 8 hexadecimal digits and a key, joined by `+`")
    try:
        key = b64decode(match[3], validate=True)
    except ValueError as error:
        raise TenutoError(fault, "the key is not base64") from error
    _require(len(key) == KEY_BYTES + 1 and key[:1] == _ED25519, fault, "the key is not an Ed25519 key")
    return match[1], bytes.fromhex(match[2]), key[1:]


def _require(holds: bool, fault: Fault, otherwise: str) -> None:
    if not holds:
        raise TenutoError(fault, otherwise)
