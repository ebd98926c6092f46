"""Server-sent events, cut out of bytes that arrive in any pieces (WHATWG HTML, section 9.2).

Each block keeps its own bytes, so that whoever passes it on can do so untouched. A line may end in LF, CRLF
or CR; a block ends with an empty line; what follows the last empty line is no event.
"""

from __future__ import annotations

import re

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_MALFORMED

LARGEST_BLOCK = 8 * 1024 * 1024

_BLOCK_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class SseBlock(msgspec.Struct, frozen=True):
    """``data`` is the joined data lines, or None for a block without any (a comment, a lone field)."""

    raw: bytes
    event: str
    data: bytes | None


class SseSplitter:
    def __init__(self) -> None:
        self._rest = bytearray()
        self._seen = 0  # how far ``_rest`` was searched without finding an end
        self._only_lf = True

    def feed(self, chunk: bytes) -> list[SseBlock]:
        """Return the blocks completed by ``chunk``. Raises ``TenutoError`` on a block beyond any reason."""
        self._rest += chunk
        if self._only_lf and b"\r" in chunk:
            self._only_lf = False
        blocks = self._cut_at_lf() if self._only_lf else self._cut_at_any()
        if len(self._rest) > LARGEST_BLOCK:
            raise TenutoError(UPSTREAM_MALFORMED, f"an event of more than {LARGEST_BLOCK} bytes")
        return blocks

    @property
    def pending(self) -> bytes:
        """What came after the last complete block."""
        return bytes(self._rest)

    def _cut_at_lf(self) -> list[SseBlock]:
        blocks = []
        start, found = 0, self._rest.find(b"\n\n", self._seen)
        while found >= 0:
            blocks.append(_block(bytes(self._rest[start : found + 2])))
            start = found + 2
            found = self._rest.find(b"\n\n", start)
        self._keep_from(start)
        return blocks

    def _cut_at_any(self) -> list[SseBlock]:
        blocks = []
        start, found = 0, _BLOCK_END.search(self._rest, self._seen)
        # A block end that stops at a final CR may be the first half of CRLF: wait for what follows.
        while found and not (found.end() == len(self._rest) and self._rest.endswith(b"\r")):
            blocks.append(_block(bytes(self._rest[start : found.end()])))
            start = found.end()
            found = _BLOCK_END.search(self._rest, start)
        self._keep_from(start)
        return blocks

    def _keep_from(self, start: int) -> None:
        del self._rest[:start]
        self._seen = max(0, len(self._rest) - 3)


def _block(raw: bytes) -> SseBlock:
    lines = raw.split(b"\n") if b"\r" not in raw else _LINE_END.split(raw)
    event = ""
    data: list[bytes] = []
    for line in lines:
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ").decode("utf-8", "replace")
    return SseBlock(raw, event, b"\n".join(data) if data else None)


def sse(data: bytes, event: str = "") -> bytes:
    """Write one event whose data has no line break, as JSON written by us never has."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data) if event else b"data: %b\n\n" % data
