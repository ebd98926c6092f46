"""Where text stands in a JSON document, and how it is replaced without touching the rest.

Every string of a request is text unless it is known to be something else (a role, an identifier, an image):
a field nobody thought of must not carry personal data past the guard. Inside a tool's own input there are no
known names, so there names and long numbers count as text as well.

    spans = spans_of(fields)                      # in document order
    fields = with_spans(fields, new_texts)        # same order; untouched parts keep their bytes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import BODY_NOT_JSON
from tenuto.gateway.nesting import DEEPEST, check_nesting

Fields = dict[str, msgspec.Raw]
Visit = Callable[[str], str]

# Names whose strings are part of the protocol, but for the `name` of who wrote a message. Thinking is signed by
# its provider and must return unchanged; it was written from text that was already protected.
_PROTOCOL = frozenset(
    {"model", "role", "type", "id", "tool_call_id", "tool_use_id", "name", "media_type", "detail"}
    | {"thinking", "signature", "encrypted_content", "file_id", "object", "finish_reason", "stop_reason"}
)
_ATTACHMENTS = frozenset({"data", "file_data", "url"})
_FREE = frozenset({"input", "metadata"})  # below these, every name is the caller's own
_JSON_TEXT = "arguments"  # a string that holds JSON
_LONG_NUMBER = 9  # digits; shorter numbers identify nobody

_ENCODER = msgspec.json.Encoder()
_TEXT = msgspec.json.Decoder(str)
_OBJECT = msgspec.json.Decoder(Fields)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class AttachmentCount:
    """How many images, files or sounds a walk passed by."""

    def __init__(self) -> None:
        self.count = 0


def spans_of(fields: Fields, attachments: AttachmentCount | None = None) -> list[str]:
    found: list[str] = []

    def collect(text: str) -> str:
        found.append(text)
        return text

    _Walk(collect, attachments).top(fields)
    return found


def with_spans(fields: Fields, texts: Iterable[str]) -> Fields:
    """Return the fields with their texts replaced: as many as ``spans_of`` found, in its order."""
    remaining = iter(texts)
    edited = _Walk(lambda _: next(remaining)).top(fields)
    if next(remaining, None) is not None:
        raise ValueError("more texts than spans")
    return edited


def map_spans(fields: Fields, visit: Visit) -> Fields:
    """Return the fields with each text replaced by what ``visit`` makes of it."""
    return _Walk(visit).top(fields)


class _Walk:
    def __init__(self, visit: Visit, attachments: AttachmentCount | None = None) -> None:
        self._visit = visit
        self._attachments = attachments or AttachmentCount()

    def top(self, fields: Fields) -> Fields:
        edited = {name: self._member(name, raw, fields, 1) for name, raw in fields.items()}
        return fields if _same(fields, edited) else edited

    def _member(self, name: str, raw: msgspec.Raw, siblings: Fields, depth: int) -> msgspec.Raw:
        self._attachments.count += name == "file_id"
        if name in _PROTOCOL and not (name == "name" and "role" in siblings):
            return raw
        if name in _ATTACHMENTS and not _is_plain_text(siblings):
            self._attachments.count += bytes(memoryview(raw)[:1]) == b'"'
            return raw
        if name == _JSON_TEXT:
            return self._json_text(raw, depth)
        return self._value(raw, depth, free=name in _FREE)

    def _value(self, raw: msgspec.Raw, depth: int, *, free: bool) -> msgspec.Raw:
        if depth > DEEPEST:
            raise TenutoError(BODY_NOT_JSON, f"the JSON is nested deeper than {DEEPEST} levels")
        kind = bytes(memoryview(raw)[:1])
        if kind == b'"':
            return self._text(raw)
        if kind == b"{":
            return self._object(raw, depth, free=free)
        if kind == b"[":
            items = _LIST.decode(raw)
            edited = [self._value(item, depth + 1, free=free) for item in items]
            unchanged = all(old is new for old, new in zip(items, edited, strict=True))
            return raw if unchanged else msgspec.Raw(_ENCODER.encode(edited))
        return self._number(raw) if free else raw

    def _object(self, raw: msgspec.Raw, depth: int, *, free: bool) -> msgspec.Raw:
        members = _OBJECT.decode(raw)
        if free:
            edited = {
                self._visit(name): self._value(item, depth + 1, free=True) for name, item in members.items()
            }
        else:
            edited = {name: self._member(name, item, members, depth + 1) for name, item in members.items()}
        return raw if _same(members, edited) else msgspec.Raw(_ENCODER.encode(edited))

    def _text(self, raw: msgspec.Raw) -> msgspec.Raw:
        text = _TEXT.decode(raw)
        edited = self._visit(text)
        return raw if edited == text else msgspec.Raw(_ENCODER.encode(edited))

    def _number(self, raw: msgspec.Raw) -> msgspec.Raw:
        text = bytes(memoryview(raw)).decode()
        if sum(character.isdigit() for character in text) < _LONG_NUMBER:
            return raw
        edited = self._visit(text)
        return raw if edited == text else msgspec.Raw(_ENCODER.encode(edited))

    def _json_text(self, raw: msgspec.Raw, depth: int) -> msgspec.Raw:
        """Look inside a string of JSON, so that a replaced number leaves valid JSON behind."""
        if bytes(memoryview(raw)[:1]) != b'"':
            return self._value(raw, depth, free=True)
        inner = _TEXT.decode(raw).encode()
        try:
            members = msgspec.Raw(_ENCODER.encode(_OBJECT.decode(inner)))
        except msgspec.DecodeError:
            return self._text(raw)
        except RecursionError as error:
            raise TenutoError(BODY_NOT_JSON, "the JSON in a string is nested too deeply") from error
        check_nesting(inner)
        edited = self._value(members, depth + 1, free=True)
        return raw if edited is members else msgspec.Raw(_ENCODER.encode(bytes(memoryview(edited)).decode()))


def _same(old: Fields, new: Fields) -> bool:
    return len(old) == len(new) and all(
        old_item[0] == new_item[0] and old_item[1] is new_item[1]
        for old_item, new_item in zip(old.items(), new.items(), strict=True)
    )


def _is_plain_text(siblings: Fields) -> bool:
    """Tell whether an attachment is written out as text, as a plain-text document source is."""
    kind = siblings.get("type")
    return kind is not None and bytes(kind) == b'"text"'
