"""Key-encryption keys in a private file outside the database, oldest first."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.envelope import decrypt, encrypt
from tenuto.govern.errors import KEY_FILE_BROKEN, KEY_IN_USE, KEY_UNKNOWN
from tenuto.govern.keyfiles import changing_private, create_private, read_private, replace_private

FORMAT = "tenuto-keys/1"
_KEY_BYTES = 32


class _Key(msgspec.Struct, frozen=True):
    id: str
    key: bytes  # base64 in the file

    def __repr__(self) -> str:
        return f"_Key({self.id!r})"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    keys: tuple[_Key, ...]


class FileKeyProvider:
    """Keys held in memory for as long as the process lives. Its text never holds them.

    The id of a key is derived from it: a key file that was swapped is noticed before it is used.
    """

    def __init__(self, path: Path, entropy: Callable[[int], bytes]) -> None:
        """Read the keys at ``path``. Refuses a file that others can read, or that is not whole."""
        self._path = path
        self._entropy = entropy
        self._keys = _read(path)

    @classmethod
    def create(cls, path: Path, entropy: Callable[[int], bytes]) -> FileKeyProvider:
        """Make a key file with one key. Never touches one that exists: its keys may protect something."""
        create_private(path, _encoded([_fresh(entropy)]))
        return cls(path, entropy)

    @property
    def newest(self) -> str:
        return self._keys[-1].id

    @property
    def ids(self) -> list[str]:
        return [key.id for key in self._keys]

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        newest = self._keys[-1]
        return newest.id, encrypt(newest.key, data_key, _bound(newest.id, bound), self._entropy)

    def unwrap(self, key_id: str, wrapped: bytes, bound: bytes) -> bytes:
        if key_id not in self.ids:
            self._keys = _read(self._path)  # another process may have rotated
        for key in self._keys:
            if key.id == key_id:
                return decrypt(key.key, wrapped, _bound(key_id, bound), f"its key under {key_id}")
        raise TenutoError(KEY_UNKNOWN, f"{key_id} is not in {self._path}, which holds {', '.join(self.ids)}")

    def rotate(self) -> str:
        """Add a key that wraps from now on, and return its id.

        The file is durable before the key is used: nothing is ever wrapped under a key that could be lost.
        """
        with changing_private(self._path):
            keys = (*_read(self._path), _fresh(self._entropy))
            replace_private(self._path, _encoded(keys))
        self._keys = keys
        return self.newest

    def retire(self, key_id: str) -> None:
        """Take out an older key once no envelope names it any more. What it still wraps is lost."""
        with changing_private(self._path):
            keys = _read(self._path)
            if key_id not in {key.id for key in keys}:
                raise TenutoError(KEY_UNKNOWN, f"{key_id} is not in {self._path}")
            if key_id == keys[-1].id:
                raise TenutoError(KEY_IN_USE, key_id)
            kept = tuple(key for key in keys if key.id != key_id)
            replace_private(self._path, _encoded(kept))
        self._keys = kept

    def __repr__(self) -> str:
        return f"FileKeyProvider({str(self._path)!r}, newest={self.newest!r})"


def _bound(key_id: str, bound: bytes) -> bytes:
    return key_id.encode() + b"\x00" + bound


def _fresh(entropy: Callable[[int], bytes]) -> _Key:
    key = entropy(_KEY_BYTES)
    return _Key(_id_of(key), key)


def _id_of(key: bytes) -> str:
    return "k" + sha256(b"tenuto key id\x00" + key).hexdigest()[:16]


def _encoded(keys: tuple[_Key, ...] | list[_Key]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_File(FORMAT, tuple(keys)))) + b"\n"


def _read(path: Path) -> tuple[_Key, ...]:
    try:
        file = msgspec.json.decode(read_private(path), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The cause stays out: its text could repeat part of the file.
        raise TenutoError(KEY_FILE_BROKEN, f"{path} is not a key file") from None
    if file.format != FORMAT or not file.keys:
        raise TenutoError(KEY_FILE_BROKEN, f"{path}: expected the format {FORMAT} with at least one key")
    if any(len(key.key) != _KEY_BYTES or key.id != _id_of(key.key) for key in file.keys):
        raise TenutoError(KEY_FILE_BROKEN, f"{path}: a key does not fit its id")
    return file.keys
