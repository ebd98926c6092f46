"""Where checkpoints go so that whoever rewrites the database cannot rewrite them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.checkpoints.note import LARGEST_NOTE
from tenuto.govern.errors import NOTE_MALFORMED, SINK_FAILED, SINK_INSIDE
from tenuto.store.folders import sync_folder

LARGEST_FILE = 64 << 20  # bytes; then the next number is begun
_TAIL = 4 * LARGEST_NOTE + 4096  # bytes: the longest line, and a torn one behind it
_FILES = "checkpoints-[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"


class CheckpointSink(Protocol):
    """A place outside the database. Publishing returns only when the checkpoint is durable there."""

    def publish(self, note: str) -> None:
        """Add a signed checkpoint. Raises a retryable ``TenutoError`` when it could not be kept."""
        ...

    def latest(self) -> str | None:
        """Return the checkpoint published last, or None when there is none."""
        ...


class FolderSink:
    """Checkpoints in numbered files of a folder, one JSON text a line, only ever appended to.

    Append-only files, not a file for each checkpoint, so that an administrator can have the system enforce it
    (``chattr +a``). A write cut short by a crash leaves a line that is not JSON; it is passed over, and the
    next checkpoint starts on a line of its own.
    """

    def __init__(self, folder: Path, data_folder: Path, *, largest_file: int = LARGEST_FILE) -> None:
        """``folder`` must lie outside ``data_folder``: one compromise must not reach both."""
        self._folder = folder.resolve()
        self._largest_file = largest_file
        if self._folder.is_relative_to(data_folder.resolve()):
            raise TenutoError(SINK_INSIDE, f"{self._folder} is in {data_folder.resolve()}")

    def publish(self, note: str) -> None:
        if len(note) > LARGEST_NOTE:
            raise TenutoError(NOTE_MALFORMED, f"a note has at most {LARGEST_NOTE} characters")
        with self._told():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _append_line(self._current(), msgspec.json.encode(note))

    def latest(self) -> str | None:
        with self._told():
            for file in reversed(self._numbered()):
                for line in reversed(_tail(file).split(b"\n")):
                    note = _note(line)
                    if note is not None:
                        return note
        return None

    def history(self) -> Iterator[str]:
        """Yield every checkpoint in the order of publishing."""
        with self._told():
            for file in self._numbered():
                with file.open("rb") as lines:
                    yield from (note for note in map(_note, lines) if note is not None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TenutoError(SINK_FAILED, f"{self._folder}: {error.strerror}") from error

    def _numbered(self) -> list[Path]:
        return sorted(self._folder.glob(_FILES))

    def _current(self) -> Path:
        files = self._numbered()
        if files and files[-1].stat().st_size < self._largest_file:
            return files[-1]
        last = int(files[-1].stem.rpartition("-")[2]) if files else 0
        return self._folder / f"checkpoints-{last + 1:06}.jsonl"


def _append_line(path: Path, line: bytes) -> None:
    is_new = not path.exists()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        wanted = (b"\n" if torn else b"") + line + b"\n"
        written = os.write(handle, wanted)
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)
    if written != len(wanted):
        raise TenutoError(SINK_FAILED, f"{path}: {written} of {len(wanted)} bytes were taken")


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read()


def _note(line: bytes) -> str | None:
    """Return the checkpoint of a line, or None for a torn or empty one."""
    try:
        return msgspec.json.decode(line, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
