"""From a value to its content address and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core import typed_json
from tenuto.core.digests import digest_of, require_digest
from tenuto.core.errors import TenutoError
from tenuto.core.step_values import member_of
from tenuto.core.value_types import Kind, ValueType, class_name, fits, is_json, list_of, malformed
from tenuto.pipelines.errors import VALUE_DAMAGED, VALUE_NOT_POSSIBLE, VALUE_TOO_LARGE
from tenuto.pipelines.values.codecs import ENCODINGS, codec_of
from tenuto.pipelines.values.lists import joined
from tenuto.pipelines.values.sinks import staged, verified
from tenuto.pipelines.words import Encoding, StoredValue

LARGEST_TEXT = 4096  # bytes of JSON that travel with the address; above, a file
LARGEST_JSON = 64 * 2**20


def store(value: Any, declared: ValueType, folder: Path) -> StoredValue:
    """Write ``value`` below ``folder`` and return its address. Raises when it is not of the declared type."""
    if is_json(declared):
        return store_text(_text(value, declared), declared, folder)
    member = member_of(value, declared)
    if member is None:
        detail = f"expected {declared}, found {class_name(type(value))}"
        raise TenutoError(VALUE_NOT_POSSIBLE, detail)
    if is_json(member):
        return store(value, member, folder)
    if member.of:
        return joined([store(item, member.of[0], folder) for item in value], member.of[0])
    return _store_file(value, member, folder)


def store_text(text: str, declared: ValueType, folder: Path | None) -> StoredValue:
    """Store typed JSON that is at hand as text. Without a folder it has to be small."""
    content = text.encode()
    if len(content) > LARGEST_JSON:
        raise TenutoError(VALUE_TOO_LARGE, f"{len(content)} bytes of JSON", limit=LARGEST_JSON)
    small = StoredValue(declared, Encoding.JSON, digest_of(content), len(content), text)
    if len(content) <= LARGEST_TEXT:
        return small
    if folder is None:
        raise TenutoError(VALUE_TOO_LARGE, f"{len(content)} bytes of JSON", limit=LARGEST_TEXT)
    with staged(folder) as sink:
        sink.write(content)
    return StoredValue(declared, Encoding.JSON, sink.digest, sink.size)


def load(stored: StoredValue, wanted: ValueType, files: Mapping[str, str], scratch: Path) -> Any:
    """Return the value at ``stored``, its content checked against its digest and its type against ``wanted``.

    Files and folders are copied below ``scratch``, so that whoever gets them may write to them.
    """
    if stored.encoding is Encoding.JSON:
        return _loaded_json(stored, wanted, files)
    if not fits(stored.type, wanted):
        raise TenutoError(VALUE_NOT_POSSIBLE, f"expected {wanted}, found {stored.type}")
    if stored.encoding is Encoding.PARTS:
        item = stored.type.of[0]
        return [load(part, item, files, scratch) for part in stored.parts]
    return codec_of(stored.encoding).read(stored, files, scratch)


def received(stored: StoredValue, declared: ValueType) -> StoredValue:
    """Return a step's claim about a value, rebuilt from what can be checked. Raises when it cannot be so.

    Contents in files are checked when they are read (``chunks_of``).
    """
    if malformed(stored.type) or not fits(stored.type, declared) or not _agrees(stored):
        detail = f"expected {declared}, found {stored.type} as {stored.encoding.value}"
        raise TenutoError(VALUE_NOT_POSSIBLE, detail)
    require_digest(stored.digest)
    if stored.encoding is Encoding.PARTS:
        item = stored.type.of[0]
        return joined([received(part, item) for part in stored.parts], item)
    if stored.text is not None:
        return store_text(typed_json.encode(typed_json.decode(stored.text, stored.type)), stored.type, None)
    return msgspec.structs.replace(stored, parts=())


def _agrees(stored: StoredValue) -> bool:
    """Tell whether the encoding is one for values of the type."""
    if stored.encoding is Encoding.PARTS:
        return stored.type.kind is Kind.LIST
    if stored.encoding is Encoding.JSON:
        return is_json(stored.type)
    return ENCODINGS.get(stored.type.kind) is stored.encoding and stored.text is None


def files_needed(stored: StoredValue) -> Iterator[StoredValue]:
    """Yield the values whose content lies in a file, the parts of a list included."""
    if stored.has_file:
        yield stored
    for part in stored.parts:
        yield from files_needed(part)


def split(
    stored: StoredValue, item: ValueType, files: Mapping[str, str], folder: Path
) -> tuple[StoredValue, ...]:
    """Return the items of a list, one address each, for a map over it. New files go below ``folder``."""
    if stored.encoding is Encoding.PARTS:
        return stored.parts
    values = _loaded_json(stored, list_of(item), files)
    return tuple(store(value, item, folder) for value in values)


def _text(value: Any, declared: ValueType) -> str:
    try:
        return typed_json.encode(typed_json.plain(value), declared)
    except TenutoError as error:
        raise TenutoError(VALUE_NOT_POSSIBLE, error.detail) from error


def _loaded_json(stored: StoredValue, wanted: ValueType, files: Mapping[str, str]) -> Any:
    text = stored.text if stored.text is not None else verified(stored, files).read_text("utf-8")
    if digest_of(text.encode()) != stored.digest:
        raise TenutoError(VALUE_DAMAGED, stored.digest)
    try:
        return typed_json.decode(text, wanted)
    except TenutoError as error:
        raise TenutoError(VALUE_NOT_POSSIBLE, error.detail) from error


def _store_file(value: Any, member: ValueType, folder: Path) -> StoredValue:
    encoding = ENCODINGS[member.kind]
    with staged(folder) as sink:
        exact, metadata = codec_of(encoding).write(value, sink)
        if not fits(exact, member):
            raise TenutoError(VALUE_NOT_POSSIBLE, f"expected {member}, found {exact}")
    return StoredValue(exact, encoding, sink.digest, sink.size, metadata=metadata)
