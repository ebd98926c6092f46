"""Types, fields and tables in the words of a reader who does not read Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect as types

PLAIN: dict[type[types.Type], str] = {
    types.AnyType: "anything",
    types.BoolType: "yes or no",
    types.BytesType: "bytes",
    types.DateTimeType: "date and time",
    types.DateType: "date",
    types.DecimalType: "decimal number",
    types.FloatType: "number",
    types.IntType: "whole number",
    types.NoneType: "nothing",
    types.StrType: "text",
    types.TimeDeltaType: "duration",
    types.UUIDType: "identifier",
}


def text(prose: str) -> str:
    """Keep prose from being read as markup or as the end of a table's cell."""
    return prose.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").strip()


def paragraphs(thing: Any) -> list[str]:
    """What the thing's own docstring says; a word in double backticks is code here too."""
    written = vars(thing).get("__doc__") if isinstance(thing, type) else inspect.getdoc(thing)
    return [text(part.replace("``", "`")) for part in inspect.cleandoc(written or "").split("\n\n")]


def first_paragraph(thing: Any) -> str:
    return paragraphs(thing)[0]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fields_table(
    struct: type[msgspec.Struct], spell: Callable[[str], str] = str, *, taken: bool = True
) -> str:
    """Describe the fields of a struct, or return nothing when it has none. An answer has no defaults to tell."""
    info = types.type_info(struct)
    if not isinstance(info, types.StructType) or not info.fields:
        return ""
    hints = get_type_hints(struct, include_extras=True)
    columns: dict[str, list[str]] = {
        "Name": [f"`{spell(field.encode_name)}`" for field in info.fields],
        "Takes" if taken else "Holds": [text(type_name(field.type)) for field in info.fields],
    }
    if taken:
        columns["If left out"] = [_default(field) for field in info.fields]
    if any(meanings := [_meaning(hints[field.name]) for field in info.fields]):
        columns["Meaning"] = meanings
    return table(list(columns), list(zip(*columns.values(), strict=True)))


def _meaning(hint: Any) -> str:
    """The sentence an annotation carries: `msgspec.Meta(description=...)`, or a value with a `text`."""
    for extra in getattr(hint, "__metadata__", ()):
        said = extra.description if isinstance(extra, msgspec.Meta) else getattr(extra, "text", None)
        if isinstance(said, str):
            return text(said)
    return ""


def type_name(info: types.Type) -> str:
    describe = COMPOSED.get(type(info))
    return describe(info) if describe else PLAIN.get(type(info), _class_name(info))


def _one_of(values: Iterable[Any]) -> str:
    return "one of " + ", ".join(f"`{value}`" for value in values)


def _alternatives(info: Any) -> str:
    return " or ".join(type_name(inner) for inner in info.types if not isinstance(inner, types.NoneType))


def _list(info: Any) -> str:
    return f"list of: {type_name(info.item_type)}"


def _struct(info: Any) -> str:
    return "table with " + ", ".join(f"`{field.encode_name}`" for field in info.fields)


COMPOSED: dict[type[types.Type], Callable[[Any], str]] = {
    types.Metadata: lambda info: type_name(info.type),
    types.EnumType: lambda info: _one_of(member.value for member in info.cls),
    types.LiteralType: lambda info: _one_of(info.values),
    types.UnionType: _alternatives,
    types.ListType: _list,
    types.SetType: _list,
    types.FrozenSetType: _list,
    types.VarTupleType: _list,
    types.DictType: lambda info: f"table from {type_name(info.key_type)} to {type_name(info.value_type)}",
    types.StructType: lambda info: (
        "table with " + ", ".join(f"`{field.encode_name}`" for field in info.fields)
    ),
}


def _class_name(info: types.Type) -> str:
    named = getattr(info, "cls", type(info))
    return "path" if named is Path else str(named.__name__)


def _default(field: types.Field) -> str:
    if field.required:
        return "must be given"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    shown = _shown(value)
    return f"`{text(shown)}`" if shown else "empty"


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None:
        return ""
    return msgspec.json.encode(value, enc_hook=str).decode().strip('"')
