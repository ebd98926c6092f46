"""Signed notes: a text, a blank line, and signature lines (C2SP ``signed-note``).

A note may carry signatures of others, such as witnesses; those of unknown keys are passed over. A signature
that claims to be of the known key and is not makes the whole note refused.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.checkpoints.keys import SIGNATURE_BYTES, SigningKey, VerifierKey
from tenuto.govern.errors import NOTE_MALFORMED, NOTE_REFUSED

LARGEST_NOTE = 16_384  # characters
_MARK = "\u2014 "
_HASH_BYTES = 4
_MOST_SIGNATURES = 64


class Signature(msgspec.Struct, frozen=True):
    name: str
    key_hash: bytes
    value: bytes


def sign_note(text: str, key: SigningKey) -> str:
    """Return the note of ``text`` (whose last line must be ended) with one signature."""
    _require_text(text)
    blob = key.verifier.key_hash + key.sign(text.encode())
    return f"{text}\n{_MARK}{key.name} {b64encode(blob).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """Return the text of a note that ``key`` has signed. Raises when it has not."""
    text, signatures = _parse(note)
    own = [each for each in signatures if each.name == key.name and each.key_hash == key.key_hash]
    if not own:
        raise TenutoError(NOTE_REFUSED, f"no signature by {key.name}+{key.key_hash.hex()}")
    if not all(len(each.value) == SIGNATURE_BYTES and key.signed(text.encode(), each.value) for each in own):
        raise TenutoError(
            NOTE_REFUSED, f"the signature by {key.name}+{key.key_hash.hex()} is not of this text"
        )
    return text


def _parse(note: str) -> tuple[str, list[Signature]]:
    _require(len(note) <= LARGEST_NOTE, f"a note has at most {LARGEST_NOTE} characters")
    text, separator, lines = note.rpartition("\n\n")
    _require(bool(separator), "no blank line parts the text from the signatures")
    text += "\n"
    _require_text(text)
    _require(lines.endswith("\n"), "the last line is not ended")
    signature_lines = lines[:-1].split("\n")
    _require(len(signature_lines) <= _MOST_SIGNATURES, f"a note has at most {_MOST_SIGNATURES} signatures")
    return text, [_signature(line) for line in signature_lines]


def _signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_MARK).partition(" ")
    _require(
        line.startswith(_MARK) and bool(separator) and bool(name), "a signature line is a dash, name, base64"
    )
    _require("+" not in name, "a signer's name holds no `+`")
    try:
        blob = b64decode(encoded, validate=True)
    except ValueError as error:
        raise TenutoError(NOTE_MALFORMED, "a signature is not base64") from error
    _require(len(blob) > _HASH_BYTES, "a signature is too short")
    return Signature(name, blob[:_HASH_BYTES], blob[_HASH_BYTES:])


def _require_text(text: str) -> None:
    _require(text.endswith("\n"), "the last line of the text is not ended")
    _require(all(char >= " " or char == "\n" for char in text), "the text holds a control character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TenutoError(NOTE_MALFORMED, "the text is not valid Unicode") from error


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TenutoError(NOTE_MALFORMED, otherwise)
