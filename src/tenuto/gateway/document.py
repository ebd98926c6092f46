"""A request body, parsed once and kept as it came.

The top-level fields stay raw JSON: what nobody edits is sent on byte for byte, and an unknown field travels
untouched. Repeated names collapse to the last one here, so that what was checked is what is sent.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, TypeVar, overload

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import BODY_NOT_JSON, BODY_NOT_TEXT, FIELD_WRONG
from tenuto.gateway.nesting import check_nesting
from tenuto.gateway.text_spans import AttachmentCount, spans_of
from tenuto.gateway.words.accounting import TOKENS_PER_ATTACHMENT, tokens_in
from tenuto.gateway.words.routing import Operation, WireFormat

Fields = dict[str, msgspec.Raw]

_FIELDS = msgspec.json.Decoder(Fields)
_ENCODER = msgspec.json.Encoder()
_MEASURED_ABOVE = 64 * 1024  # smaller bodies are estimated by their size: near enough, and free

_ATTACHES = (b'"url"', b'"data"', b'"file_data"', b'"file_id"', b"\\u00")

T = TypeVar("T")


class CallRequest(msgspec.Struct, frozen=True):
    """What the data plane needs to know of a body, beside the body itself."""

    format: WireFormat
    operation: Operation
    fields: Fields
    model: str
    stream: bool
    shows_usage: bool  # the caller asked for usage in its stream
    output_limit: int | None  # tokens of one answer
    answers: int
    input_estimate: int


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


def read_fields(body: bytes) -> Fields:
    """Return the top-level fields of a JSON object. Raises ``TenutoError`` naming the position of a fault."""
    try:
        str(memoryview(body), "utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is 0x{body[error.start]:02x}: {error.reason}"
        raise TenutoError(BODY_NOT_TEXT, detail, position=error.start) from error
    try:
        fields = _FIELDS.decode(body)
    except msgspec.DecodeError as error:
        raise TenutoError(BODY_NOT_JSON, str(error), length=len(body)) from error
    except RecursionError as error:
        raise TenutoError(BODY_NOT_JSON, "the JSON is nested too deeply") from error
    check_nesting(body)
    return fields


@overload
def field(fields: Fields, name: str, kind: type[T]) -> T | None: ...
@overload
def field(fields: Fields, name: str, kind: UnionType) -> Any: ...
def field(fields: Fields, name: str, kind: Any) -> Any:
    """Return a field read as ``kind``, or None where it is absent or null."""
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise TenutoError(FIELD_WRONG, f"`{name}`: {error}", field=name) from error


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the one decoder of a kind: the kinds are those that code names, so there are few."""
    return msgspec.json.Decoder(kind | None)


def raw_json(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_ENCODER.encode(value))


def write_fields(fields: Fields) -> bytes:
    return _ENCODER.encode(fields)


def read_call(body: bytes, form: WireFormat, operation: Operation) -> CallRequest:
    """Parse one model call."""
    fields = read_fields(body)
    model = field(fields, "model", str)
    if not model:
        raise TenutoError(FIELD_WRONG, "`model` is required: the name of a route", field="model")
    required = _asked_in(operation)
    if required not in fields:
        raise TenutoError(FIELD_WRONG, f"`{required}` is required", field=required)
    options = field(fields, "stream_options", _StreamOptions)
    return CallRequest(
        form,
        operation,
        fields,
        model,
        stream=bool(field(fields, "stream", bool)) and operation is Operation.CHAT,
        shows_usage=bool(options and options.include_usage),
        output_limit=_output_limit(fields, operation),
        answers=max(1, field(fields, "n", int) or 1),
        input_estimate=_input_estimate(fields, len(body)),
    )


def require_content(request: CallRequest) -> None:
    """Refuse a call that asks nothing. Raises ``TenutoError``, so that no budget is touched for it."""
    name = _asked_in(request.operation)
    text = bytes(request.fields[name])
    if text.startswith(b"[") and not text[1:-1].strip():
        raise TenutoError(FIELD_WRONG, f"`{name}` is an empty list", field=name)


def _asked_in(operation: Operation) -> str:
    return "input" if operation is Operation.EMBEDDINGS else "messages"


def _output_limit(fields: Fields, operation: Operation) -> int | None:
    if operation is Operation.EMBEDDINGS:
        return 0
    limit = field(fields, "max_completion_tokens", int)
    if limit is None:
        limit = field(fields, "max_tokens", int)
    if limit is None:
        return None
    if limit < 1:
        raise TenutoError(FIELD_WRONG, "`max_tokens` must be at least 1", field="max_tokens")
    return limit


def _may_attach(fields: Fields) -> bool:
    """Tell whether a body may hold attachments, whose addresses are short and whose tokens are many.

    A name may be written with escapes, so a body with escapes is looked into as well.
    """
    return any(mark in bytes(raw) for raw in fields.values() for mark in _ATTACHES)


def _input_estimate(fields: Fields, size: int) -> int:
    small = size <= _MEASURED_ABOVE
    if small and not _may_attach(fields):
        return tokens_in(size)
    attachments = AttachmentCount()
    texts = spans_of(fields, attachments)
    measured = (
        tokens_in(sum(len(text.encode()) for text in texts)) + attachments.count * TOKENS_PER_ATTACHMENT
    )
    return max(measured, tokens_in(size)) if small else measured
