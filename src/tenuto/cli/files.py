"""Files that a command is given by name."""

from __future__ import annotations

from pathlib import Path

from tenuto.client.errors import FILE_UNREADABLE
from tenuto.core.errors import TenutoError


def read_file(path: Path) -> bytes:
    """Return the content. Raises, naming the file, when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TenutoError(FILE_UNREADABLE, f"{path}: {error.strerror}") from error
