"""Local passwords under argon2id, where no sign-in may cost the machine more than it can give."""

from __future__ import annotations

import re
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import PASSWORD_BROKEN, PASSWORD_WEAK, SIGN_IN_BUSY
from tenuto.govern.secret_text import SecretText

SHORTEST = 12  # characters
LONGEST = 512  # characters
_FEWEST_DISTINCT = 5
_FEWEST_OWN = 8  # characters left when name and e-mail address are taken out
_SHORTEST_OWN_WORD = 3
PASSES, MEMORY_KIB, LANES = 2, 46 * 1024, 1
_SALT_BYTES, _HASH_BYTES = 16, 32


class PasswordCheck(msgspec.Struct, frozen=True):
    """``outdated`` asks to store ``hash`` of the same password anew: the parameters have been raised."""

    right: bool
    outdated: bool = False


class Passwords:
    """Hashes and checks passwords, a few at a time: each takes 46 MiB and a core for some 50 ms.

    Who finds all slots taken waits up to ``patience`` seconds and is then asked to come again. Call it from a
    worker thread, never from an event loop.
    """

    def __init__(self, entropy: Callable[[int], bytes], *, slots: int = 2, patience: float = 5.0) -> None:
        self._entropy = entropy
        self._slots = threading.BoundedSemaphore(slots)
        self._patience = patience
        self._hasher = PasswordHasher(
            time_cost=PASSES,
            memory_cost=MEMORY_KIB,
            parallelism=LANES,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )

    def hash(self, password: SecretText) -> str:
        with self._slot():
            return self._hasher.hash(_normal(password), salt=self._entropy(_SALT_BYTES))

    def check(self, password: SecretText, stored: str | None) -> PasswordCheck:
        """Check against the stored hash. Without one (nobody of that name) the same work is done for a no."""
        with self._slot():
            right = self._verify(_NOBODY if stored is None else stored, _normal(password))
        if stored is None or not right:
            return PasswordCheck(right=False)
        return PasswordCheck(right=True, outdated=self._hasher.check_needs_rehash(stored))

    def _verify(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            raise TenutoError(PASSWORD_BROKEN) from error

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._patience):
            raise TenutoError(SIGN_IN_BUSY)
        try:
            yield
        finally:
            self._slots.release()


def require_strong(password: SecretText, *, name: str, email: str) -> None:
    """Refuse a password that is short, monotonous, or made of the person's own name or e-mail address."""
    text = unicodedata.normalize("NFKC", password.reveal())
    if not SHORTEST <= len(text) <= LONGEST:
        raise TenutoError(PASSWORD_WEAK, f"it has {len(text)} characters; {SHORTEST} to {LONGEST} are taken")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise TenutoError(PASSWORD_WEAK, "it holds a control character")
    if len(set(text.casefold())) < _FEWEST_DISTINCT:
        raise TenutoError(PASSWORD_WEAK, f"it uses fewer than {_FEWEST_DISTINCT} different characters")
    if len(_without_own_words(text, name, email)) < _FEWEST_OWN:
        raise TenutoError(PASSWORD_WEAK, "it is made of your name or e-mail address")


def _without_own_words(text: str, name: str, email: str) -> str:
    rest = text.casefold()
    local, _, domain = email.casefold().partition("@")
    words = [
        email.casefold(),
        name.casefold(),
        local,
        *re.split(r"\W+", f"{name.casefold()} {local} {domain}"),
    ]
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _SHORTEST_OWN_WORD:
            rest = rest.replace(word, "")
    return "".join(char for char in rest if not char.isspace())


def _normal(password: SecretText) -> bytes:
    """Return the bytes to hash: the same password typed on another keyboard gives the same."""
    return unicodedata.normalize("NFKC", password.reveal()).encode("utf-8", "surrogatepass")


def _unmatchable() -> str:
    """Return a hash that no password has, at the price of a real one."""
    salt, tag = (b64encode(bytes(length)).rstrip(b"=").decode() for length in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${tag}"


_NOBODY = _unmatchable()
