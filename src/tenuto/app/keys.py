"""The installation's keys: made once, in private files outside the database, never overwritten.

keys/secrets.json   wraps the keys of stored secrets
keys/pepper         binds API keys to this installation
keys/audit          signs audit checkpoints
keys/models         signs model versions
keys/name           what the signing keys are called
keys/complete       all of them were made; one that is missing later was lost
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenuto.app.errors import KEYS_MISSING
from tenuto.core.errors import TenutoError
from tenuto.govern.apikeys import PEPPER_BYTES
from tenuto.govern.checkpoints import SigningKey, create_signing_key, load_signing_key
from tenuto.govern.keyfiles import create_private, read_private
from tenuto.govern.keyring import FileKeyProvider
from tenuto.registry.attestations import Ed25519Signer

_SEED_BYTES = 32
_NAMES = ("secrets.json", "pepper", "audit", "models", "name")
_COMPLETE = "complete"


class Keys(msgspec.Struct, frozen=True):
    secrets: FileKeyProvider
    pepper: bytes
    audit: SigningKey
    models: Ed25519Signer

    def __repr__(self) -> str:
        return "Keys(***)"


def ensure_keys(folder: Path, entropy: Callable[[int], bytes] = os.urandom, *, founded: bool = False) -> Keys:
    """Read the keys, making those that are missing. Processes that start at once take turns.

    Raises where keys are missing that were there once: new ones in their place would open nothing that the old
    ones closed, and say nothing of it. ``founded`` says that this installation has been used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    complete = folder / _COMPLETE
    with _alone(folder):
        missing = [name for name in _NAMES if not (folder / name).exists()]
        if missing and (founded or complete.exists()):
            raise TenutoError(KEYS_MISSING, ", ".join(str(folder / name) for name in missing))
        keys = _keys(folder, entropy)
        complete.touch(mode=0o600)
    return keys


def _keys(folder: Path, entropy: Callable[[int], bytes]) -> Keys:
    seed = _raw(folder / "models", _SEED_BYTES, entropy)
    name = f"tenuto-{_raw(folder / 'name', 8, entropy).hex()}"
    return Keys(
        secrets=_secrets(folder / "secrets.json", entropy),
        pepper=_raw(folder / "pepper", PEPPER_BYTES, entropy),
        audit=_audit(folder / "audit", name, entropy),
        models=Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(seed)),
    )


def _secrets(path: Path, entropy: Callable[[int], bytes]) -> FileKeyProvider:
    return FileKeyProvider(path, entropy) if path.exists() else FileKeyProvider.create(path, entropy)


def _audit(path: Path, name: str, entropy: Callable[[int], bytes]) -> SigningKey:
    return load_signing_key(path) if path.exists() else create_signing_key(path, name, entropy)


def _raw(path: Path, size: int, entropy: Callable[[int], bytes]) -> bytes:
    if not path.exists():
        create_private(path, entropy(size))
    return read_private(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
