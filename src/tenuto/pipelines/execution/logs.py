"""What a step prints, line by line, in a file that cannot grow without end."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import IO

import msgspec

from tenuto.core.clock import Clock

LONGEST_LINE = 16_384  # bytes; longer ones are broken
_FRAME = 70  # bytes that a line of the file takes besides its text


class LogLine(msgspec.Struct, frozen=True):
    """One line of the file, as JSON. ``at`` is when it was read, ``stream`` one of stdout, stderr, tenuto."""

    at: str
    stream: str
    text: str


class LogFile:
    """Keeps the beginning of what is written, as it comes, and the end once it is closed; of what lies between
    only how many lines it was. ``bound`` is the size of both together, in bytes.
    """

    def __init__(self, place: Path, bound: int, clock: Clock) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = place.open("ab")
        self._clock = clock
        self._head_left = self._tail_left = bound // 2
        self._tail: deque[tuple[str, str, bytes]] = deque()
        self._lost_lines = 0
        self._partial: dict[str, bytes] = {}
        self.received = 0  # bytes that the step printed

    def feed(self, stream: str, content: bytes) -> None:
        """Take what came from a stream; a line is written when it is complete."""
        self.received += len(content)
        at = self._now()
        *lines, rest = (self._partial.get(stream, b"") + content).split(b"\n")
        for one in lines:
            self._take(at, stream, one)
        if len(rest) > LONGEST_LINE:
            self._take(at, stream, rest)
            rest = b""
        self._partial[stream] = rest
        self._file.flush()

    def close(self) -> None:
        at = self._now()
        for stream, rest in self._partial.items():
            if rest:
                self._take(at, stream, rest)
        if self._lost_lines:
            self._file.write(_line(at, "tenuto", f"... {self._lost_lines} lines left out ...".encode()))
        self._file.writelines(_line(*one) for one in self._tail)
        self._file.close()

    def _take(self, at: str, stream: str, content: bytes) -> None:
        for start in range(0, max(len(content), 1), LONGEST_LINE):
            piece = content[start : start + LONGEST_LINE]
            if self._head_left > 0:
                self._head_left -= self._file.write(_line(at, stream, piece))
            else:
                self._keep(at, stream, piece)

    def _keep(self, at: str, stream: str, piece: bytes) -> None:
        """Keep a line for the end. It is spelled out only if it is still there then."""
        self._tail.append((at, stream, piece))
        self._tail_left -= len(piece) + _FRAME
        while self._tail_left < 0:
            self._tail_left += len(self._tail.popleft()[2]) + _FRAME
            self._lost_lines += 1

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")


def _line(at: str, stream: str, content: bytes) -> bytes:
    shown = content.rstrip(b"\r").rsplit(b"\r", 1)[-1]  # of a progress bar, what a terminal would show
    return msgspec.json.encode(LogLine(at, stream, shown.decode("utf-8", "replace"))) + b"\n"
