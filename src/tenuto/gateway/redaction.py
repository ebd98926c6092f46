"""Takes a provider's credential out of what the provider says.

An upstream that quotes the request in its errors would hand its key to everyone who may call the route. So all
that is passed on or logged of an upstream's trouble goes through here first.
"""

from __future__ import annotations

import re
from base64 import b64encode

from tenuto.core.errors import TenutoError

SHOWN = "[credential]"

_SHORTEST = 4  # characters; what is shorter (a dummy for a server without keys) hides nothing
_SHORTEST_ENCODED = 8  # below this, an encoded part would be found where nobody put it


class Redactor:
    """Knows one credential. An empty one takes nothing out."""

    def __init__(self, secret: str = "") -> None:
        self._secret = secret.strip()
        self._pattern: re.Pattern[str] | None = None

    def text(self, said: str) -> str:
        if len(self._secret) < _SHORTEST:
            return said
        if self._pattern is None:
            self._pattern = _pattern(self._secret)
        return self._pattern.sub(SHOWN, said)

    def body(self, said: bytes) -> bytes:
        return self.text(said.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def clean(self, error: TenutoError) -> None:
        """Take the credential out of an error before anyone reads it."""
        error.detail = self.text(error.detail)
        error.args = (self.text(str(error)),)


def _pattern(secret: str) -> re.Pattern[str]:
    spellings = ["".join(_character(character) for character in secret)]
    content = secret.encode()
    if len(content) >= _SHORTEST_ENCODED:
        spellings += [content.hex(), *(_base64(content, offset) for offset in range(3))]
    return re.compile("|".join(spellings), re.IGNORECASE)


def _character(character: str) -> str:
    """Match a character plain, escaped as in JSON, in an address, or in HTML; spellings may be mixed."""
    code = ord(character)
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    plain = re.escape(character)
    ways = (
        rf"\\{{0,8}}{plain}",
        rf"\\{{1,8}}u{code:04x}",
        percent,
        f"&#0{{0,6}}{code};",
        f"&#x0{{0,6}}{code:x};",
    )
    return f"(?:{'|'.join(ways)})"


def _base64(content: bytes, offset: int) -> str:
    """Match the part of an encoded text that only the secret decides, ``offset`` bytes into a group of three."""
    written = b64encode(bytes(offset) + content).decode().rstrip("=")
    whole = (offset + len(content)) % 3 == 0
    core = written[(0, 2, 3)[offset] : None if whole else -1]
    return "".join({"+": "[+-]", "/": "[/_]"}.get(letter, letter) for letter in core)
