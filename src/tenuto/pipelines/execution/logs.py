"""What a step prints, line by line, in a file that cannot grow without end."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import IO

import msgspec

from tenuto.core.clock import Clock

LONGEST_LINE = 16_384  # bytes; longer ones are broken


class LogLine(msgspec.Struct, frozen=True):
    """One line of the file, as JSON. ``at`` is when it was read, ``stream`` one of stdout, stderr, tenuto."""

    at: str
    stream: str
    text: str


class LogFile:
    """Keeps the beginning of what is written, as it comes, and the end once it is closed; of what lies between
    only how much it was. ``bound`` is the size of both together, in bytes.
    """

    def __init__(self, place: Path, bound: int, clock: Clock) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = place.open("ab")
        self._clock = clock
        self._head_left = self._tail_bound = bound // 2
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._lost_lines = 0
        self._partial: dict[str, bytes] = {}
        self.received = 0  # bytes that the step printed

    def feed(self, stream: str, content: bytes) -> None:
        """Take what came from a stream; a line is written when it is complete."""
        self.received += len(content)
        *lines, rest = (self._partial.get(stream, b"") + content).split(b"\n")
        for one in lines:
            self._write_pieces(stream, one)
        while len(rest) > LONGEST_LINE:
            self._write(stream, rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        self._partial[stream] = rest
        self._file.flush()

    def close(self) -> None:
        for stream, rest in self._partial.items():
            if rest:
                self._write(stream, rest)
        if self._lost_lines:
            self._file.write(self._line("tenuto", f"... {self._lost_lines} lines left out ..."))
        self._file.writelines(self._tail)
        self._file.close()

    def _write_pieces(self, stream: str, one: bytes) -> None:
        for start in range(0, max(len(one), 1), LONGEST_LINE):
            self._write(stream, one[start : start + LONGEST_LINE])

    def _write(self, stream: str, content: bytes) -> None:
        shown = content.rstrip(b"\r").rsplit(b"\r", 1)[-1]  # of a progress bar, what a terminal would show
        encoded = self._line(stream, shown.decode("utf-8", "replace"))
        if len(encoded) <= self._head_left:
            self._file.write(encoded)
            self._head_left -= len(encoded)
            return
        self._head_left = 0
        self._tail.append(encoded)
        self._tail_size += len(encoded)
        while self._tail_size > self._tail_bound:
            self._tail_size -= len(self._tail.popleft())
            self._lost_lines += 1

    def _line(self, stream: str, text: str) -> bytes:
        at = self._clock.now().isoformat(timespec="milliseconds")
        return msgspec.json.encode(LogLine(at, stream, text)) + b"\n"
