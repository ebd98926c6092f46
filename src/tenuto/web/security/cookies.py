"""The cookies of the console and how they are marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

SESSION = "session"
CSRF = "csrf"
FLASH = "flash"
LANGUAGE = "language"
THEME = "theme"
WORKSPACE = "workspace"
_YEAR = 31_536_000  # seconds
_LIFETIMES = {LANGUAGE: _YEAR, THEME: _YEAR, WORKSPACE: _YEAR}
_VALUE = re.compile(r"[A-Za-z0-9._~:-]*")


class Cookies:
    """Names, reads and writes cookies. Over TLS the prefix ``__Host-`` keeps others from setting them."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._prefix = "__Host-tenuto_" if secure else "tenuto_"

    def read(self, headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
        """Return our cookies by short name. One that comes twice is not believed."""
        found: dict[str, str] = {}
        doubled: set[str] = set()
        lines = b"; ".join(value for name, value in headers if name == b"cookie").decode("latin-1")
        for part in lines.split(";"):
            name, _, value = part.strip().partition("=")
            short = name.removeprefix(self._prefix)
            if short == name:
                continue
            if short in found:
                doubled.add(short)
            found[short] = value
        return {short: value for short, value in found.items() if short not in doubled}

    def written(
        self, short: str, value: str, expires: datetime | None = None, now: datetime | None = None
    ) -> str:
        """Return the ``Set-Cookie`` value. With ``expires`` it ends then, without when the browser closes."""
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the cookie {short!r} would need quoting")
        parts = [f"{self._prefix}{short}={value}", "Path=/", "HttpOnly", "SameSite=Strict"]
        seconds = _LIFETIMES.get(short)
        if expires is not None and now is not None:
            seconds = max(0, int((expires - now).total_seconds()))
        if seconds is not None:
            parts.append(f"Max-Age={seconds}")
        if self._secure:
            parts.append("Secure")
        return "; ".join(parts)

    def forgotten(self, short: str) -> str:
        return self.written(short, "") + "; Max-Age=0"
