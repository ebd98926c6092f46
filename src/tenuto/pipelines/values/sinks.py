"""Files named by their digest: written once, checked whenever they are read."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenuto.core.digests import require_digest
from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import VALUE_DAMAGED, VALUE_MISSING
from tenuto.pipelines.words import StoredValue

_CHUNK = 1 << 20


class HashingSink(io.BufferedIOBase):
    """A file that is written front to back and knows its digest and size."""

    def __init__(self, raw: io.BufferedIOBase | Any) -> None:
        self._raw = raw
        self._state = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        chunk = memoryview(content).cast("B")
        self._state.update(chunk)
        self.size += len(chunk)
        self._raw.write(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self.size

    @property
    def digest(self) -> str:
        return f"sha256:{self._state.hexdigest()}"


@contextmanager
def staged(folder: Path) -> Iterator[HashingSink]:
    """Open a file that takes its digest as its name in ``folder`` when complete, and vanishes on an error."""
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as raw:
            sink = HashingSink(raw)
            yield sink
        Path(name).replace(place_of(sink.digest, folder))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def place_of(digest: str, folder: Path) -> Path:
    return folder / require_digest(digest).removeprefix("sha256:")


def chunks_of(stored: StoredValue, folder: Path) -> Iterator[bytes]:
    """Yield what a step left in its output folder under ``stored``'s digest, checked at the end.

    The step may have put anything there: a link is not followed, and other content than promised raises.
    """
    place = place_of(stored.digest, folder)
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise TenutoError(VALUE_MISSING, f"{stored.digest}: {error.strerror}") from error
    with os.fdopen(handle, "rb") as content:
        yield from _checked(content, stored)


def copied(stored: StoredValue, files: Mapping[str, str], target: Path) -> Path:
    """Copy the content to ``target``, checked."""
    with source_of(stored, files).open("rb") as content, target.open("wb") as sink:
        for chunk in _checked(content, stored):
            sink.write(chunk)
    return target


def verified(stored: StoredValue, files: Mapping[str, str]) -> Path:
    """Return where the content is, once it has been checked against its digest."""
    place = source_of(stored, files)
    with place.open("rb") as content:
        for _ in _checked(content, stored):
            pass
    return place


def source_of(stored: StoredValue, files: Mapping[str, str]) -> Path:
    place = Path(files.get(stored.digest, ""))
    if not place.is_file():
        raise TenutoError(VALUE_MISSING, stored.digest)
    return place


def _checked(content: Any, stored: StoredValue) -> Iterator[bytes]:
    state, size = hashlib.sha256(), 0
    while chunk := content.read(_CHUNK):
        state.update(chunk)
        size += len(chunk)
        if size > stored.size:
            break
        yield chunk
    if f"sha256:{state.hexdigest()}" != stored.digest:
        raise TenutoError(VALUE_DAMAGED, stored.digest)
