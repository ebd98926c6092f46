"""Model files by content address: what is opened is what was approved, byte for byte."""

from __future__ import annotations

import os
import stat

from tenuto.core.digests import digest_of, require_digest
from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_DIGEST, MODEL_FILE


def read_verified(path: str, digest: str) -> bytes:
    """Return the file's content. The digest is taken of these very bytes: nothing can change in between."""
    require_digest(digest)
    try:
        with open(path, "rb", opener=_open_regular) as file:
            content = file.read()
    except OSError as error:
        raise TenutoError(MODEL_FILE, f"{path}: {error.strerror or error}") from error
    found = digest_of(content)
    if found != digest:
        raise TenutoError(MODEL_DIGEST, f"{path} is {found}, expected {digest}", expected=digest, found=found)
    return content


def _open_regular(path: str, flags: int) -> int:
    """Never wait on a pipe and never read a device that somebody put where a file should be."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return descriptor
