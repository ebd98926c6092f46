"""The keys of this user's sign-ins: one private file in the configuration folder, one entry an address."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import msgspec

from tenuto.cli.errors import LOGINS_BROKEN
from tenuto.core.errors import TenutoError

_NAME = "logins.json"
_OPEN_TO_OTHERS = 0o077


class Login(msgspec.Struct, frozen=True):
    key: str
    email: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Login({self.email!r}, ***)"


class _File(msgspec.Struct, frozen=True):
    last: str = ""  # the address that was signed in to last
    logins: dict[str, Login] = {}


class Logins:
    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def last_address(self) -> str:
        return self._read().last

    def of(self, address: str) -> Login | None:
        return self._read().logins.get(address)

    def keep(self, address: str, login: Login) -> None:
        """Keep a sign-in, in place of an earlier one at the same address."""
        self._write(_File(address, {**self._read().logins, address: login}))

    def forget(self, address: str) -> None:
        kept = self._read()
        rest = {known: login for known, login in kept.logins.items() if known != address}
        self._write(_File("" if kept.last == address else kept.last, rest))

    def _read(self) -> _File:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return _File()
        except OSError as error:
            raise TenutoError(LOGINS_BROKEN, f"{self._path}: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_mode & _OPEN_TO_OTHERS:
                raise TenutoError(LOGINS_BROKEN, f"{self._path}: others may read it")
            content = file.read()
        try:
            return msgspec.json.decode(content, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TenutoError(LOGINS_BROKEN, f"{self._path}: {error}") from None

    def _write(self, content: _File) -> None:
        """Put the new file in the place of the old one in one step; it is private from its first byte."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f"{_NAME}.", dir=self._path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(msgspec.json.encode(content))
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink()
                raise
        except OSError as error:
            raise TenutoError(LOGINS_BROKEN, f"{self._path}: {error.strerror}") from error
