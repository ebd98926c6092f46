"""From a stranger's JSON to a typed value, with an error that names the field and the nearest known name."""

from __future__ import annotations

import difflib
import re
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from tenuto.core.errors import INVALID_VALUE, UNKNOWN_FIELD, TenutoError

T = TypeVar("T")

_UNKNOWN = re.compile(r"unknown field `(?P<field>.*?)`(?: - at `\$(?P<path>.*)`)?$")
_AT = re.compile(r"^(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?$", re.DOTALL)
_NO_CHOICE = "Invalid enum value"
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
        place = f"a key of {path or 'the value'}" if found["key"] else path or "value"
        told = found["what"]
        if told.startswith(_NO_CHOICE):
            choices = _choices_at(kind, found["path"] or "", of_keys=found["key"] is not None)
            told = f"{told}; one of {', '.join(choices)}"
        return TenutoError(INVALID_VALUE, f"{place}: {told}", field=path)
    field, path = unknown["field"], unknown["path"] or ""
    known = _fields_at(kind, path)
    nearest = difflib.get_close_matches(field, known, n=1, cutoff=0.5)
    hint = f"did you mean `{nearest[0]}`?" if nearest else f"known here: {', '.join(known)}"
    full = f"{path}.{field}".lstrip(".")
    return TenutoError(UNKNOWN_FIELD, f"`{full}`: {hint}", field=full)


def _fields_at(kind: Any, path: str) -> list[str]:
    """Return the field names that ``kind`` knows at ``path`` (msgspec's notation, without the dollar)."""
    places = _places_at(kind, path)
    return sorted({field for place in places for struct in _structs(place) for field in _names(struct)})


def choices_of(kind: Any) -> list[str]:
    """Return the values that an enumeration takes, as they are shown; none where ``kind`` is something else."""
    return [f"`{choice}`" for member in _members(kind) for choice in _choices(member)]


def _choices_at(kind: Any, path: str, *, of_keys: bool) -> list[str]:
    """Return the values that an enumeration at ``path`` takes, or the keys of a mapping there."""
    places = _places_at(kind, path)
    if of_keys:
        places = [get_args(member)[0] for place in places for member in _members(place) if get_args(member)]
    return [choice for place in places for choice in choices_of(place)]


def _choices(kind: Any) -> list[Any]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [one.value for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _places_at(kind: Any, path: str) -> list[Any]:
    places = [kind]
    for step in _STEP.finditer(path):
        places = [inner for place in places for inner in _inside(place, step[1])]
    return places


def _inside(kind: Any, field: str | None) -> list[Any]:
    if field is None or field == "...":
        return [argument for member in _members(kind) for argument in _items(member)]
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


def _items(kind: Any) -> list[Any]:
    """Return what the items of a list or tuple may be, or the values of a mapping."""
    arguments = [argument for argument in get_args(kind) if argument is not ...]
    return arguments if get_origin(kind) is tuple else arguments[-1:]


def _members(kind: Any) -> list[Any]:
    """Return the alternatives of a union, or the type itself, without what is noted beside it."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _members(get_args(kind)[0])
    if origin is Union or origin is UnionType:
        return [inner for member in get_args(kind) for inner in _members(member)]
    return [kind]


def _names(struct: Any) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(struct)]
