"""From a stranger's JSON to a typed value, with an error that names the field and the nearest known name."""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar, get_args

import msgspec

from tenuto.core.errors import INVALID_VALUE, UNKNOWN_FIELD, TenutoError

T = TypeVar("T")

_UNKNOWN = re.compile(r"unknown field `(?P<field>.*?)`(?: - at `\$(?P<path>.*)`)?$")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[[^\]]*\]")


def decode_json(content: bytes, kind: type[T]) -> T:
    """Read JSON bytes as ``kind``. Raises ``TenutoError`` with the place of the first mistake."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(error, kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TenutoError(INVALID_VALUE, f"not valid JSON: {error}") from None


def convert(value: Any, kind: type[T]) -> T:
    """Read plain values (from YAML, say) as ``kind``. Raises like ``decode_json``."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _explained(error, kind) from None


def _explained(error: msgspec.ValidationError, kind: type[Any]) -> TenutoError:
    unknown = _UNKNOWN.search(str(error))
    if unknown is None:
        found = _AT.match(str(error))
        assert found is not None
        path = (found["path"] or "").lstrip(".")
        return TenutoError(INVALID_VALUE, f"{path or 'value'}: {found['what']}", field=path)
    field, path = unknown["field"], unknown["path"] or ""
    known = _fields_at(kind, path)
    nearest = difflib.get_close_matches(field, known, n=1, cutoff=0.5)
    hint = f"did you mean `{nearest[0]}`?" if nearest else f"known here: {', '.join(known)}"
    full = f"{path}.{field}".lstrip(".")
    return TenutoError(UNKNOWN_FIELD, f"`{full}`: {hint}", field=full)


def _fields_at(kind: Any, path: str) -> list[str]:
    """Return the field names that ``kind`` knows at ``path`` (msgspec's notation, without the dollar)."""
    places = [kind]
    for step in _STEP.finditer(path):
        places = [inner for place in places for inner in _inside(place, step[1])]
    return sorted({field for place in places for struct in _structs(place) for field in _names(struct)})


def _inside(kind: Any, field: str | None) -> list[Any]:
    if field is None or field == "...":
        return [argument for member in _members(kind) for argument in get_args(member)[-1:]]
    return [
        found.type
        for struct in _structs(kind)
        for found in msgspec.structs.fields(struct)
        if found.encode_name == field
    ]


def _structs(kind: Any) -> list[Any]:
    return [
        member for member in _members(kind) if isinstance(member, type) and issubclass(member, msgspec.Struct)
    ]


def _members(kind: Any) -> list[Any]:
    """Return the alternatives of a union, or the type itself."""
    arguments = get_args(kind)
    is_union = arguments and not isinstance(kind, type) and getattr(kind, "__origin__", None) is None
    return list(arguments) if is_union else [kind]


def _names(struct: Any) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(struct)]
