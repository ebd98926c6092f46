"""The text of a checkpoint (C2SP ``tlog-checkpoint``): origin, size, root, then extension lines."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.checkpoints.keys import SigningKey, VerifierKey
from tenuto.govern.checkpoints.note import open_note, sign_note
from tenuto.govern.errors import NOTE_MALFORMED, NOTE_REFUSED
from tenuto.govern.merkle import HASH_BYTES

_TIME = "time "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(msgspec.Struct, frozen=True):
    """The log ``origin`` held ``size`` records under ``root`` at ``time`` (as ``audit_time`` writes it)."""

    origin: str
    size: int
    root: bytes
    time: str

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{_TIME}{self.time}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Return the signed note. A log signs under its own name: the origin is the key's name."""
    if checkpoint.origin != key.name:
        raise TenutoError(NOTE_REFUSED, f"the key of {key.name} does not speak for {checkpoint.origin}")
    return sign_note(checkpoint.text(), key)


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint in a note that ``key`` has signed. Raises when either is not right."""
    checkpoint = _parse(open_note(note, key))
    if checkpoint.origin != key.name:
        raise TenutoError(NOTE_REFUSED, f"it is a checkpoint of {checkpoint.origin!r}, not of {key.name!r}")
    return checkpoint


def _parse(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise TenutoError(NOTE_MALFORMED, "a checkpoint begins with origin, size and root")
    try:
        root = b64decode(lines[2], validate=True)
    except ValueError as error:
        raise TenutoError(NOTE_MALFORMED, "the root is not base64") from error
    if len(root) != HASH_BYTES:
        raise TenutoError(NOTE_MALFORMED, f"the root has not {HASH_BYTES} bytes")
    times = [line.removeprefix(_TIME) for line in lines[3:] if line.startswith(_TIME)]
    return Checkpoint(lines[0], int(lines[1]), root, times[0] if times else "")
