"""From Python's annotations to the types that may pass between steps."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union

from tenuto.client.authoring.errors import STEP_NOT_POSSIBLE, TYPE_NOT_POSSIBLE
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Output, Returns
from tenuto.core.value_types import (
    ANY_JSON,
    NULL,
    Kind,
    ValueType,
    class_name,
    estimator_type,
    library_kind,
    list_of,
    malformed,
)

ONE_OUTPUT = "result"

_SIMPLE: dict[Any, ValueType] = {
    Any: ANY_JSON,
    None: NULL,
    type(None): NULL,
    bool: ValueType(Kind.BOOL),
    int: ValueType(Kind.INT),
    float: ValueType(Kind.FLOAT),
    str: ValueType(Kind.TEXT),
    Decimal: ValueType(Kind.DECIMAL),
    date: ValueType(Kind.DATE),
    datetime: ValueType(Kind.DATETIME),
    list: list_of(ANY_JSON),
    dict: ValueType(Kind.DICT, (ANY_JSON,)),
    tuple: ValueType(Kind.SEQUENCE, (ANY_JSON,)),
}


def hints_of(owner: Callable[..., Any] | type[Any]) -> dict[str, Any]:
    """Return the annotations of a function or class, resolved. Raises when a name in them is not there."""
    try:
        return typing.get_type_hints(owner)
    except Exception as error:
        detail = f"`{owner.__qualname__}`: its annotations cannot be read ({type(error).__name__}: {error})"
        raise TenutoError(STEP_NOT_POSSIBLE, detail) from error


def value_type(annotation: Any, place: str) -> ValueType:
    """Return the type that ``annotation`` declares. Raises, naming ``place``, when it cannot pass."""
    found = _read(annotation)
    if found is None:
        raise TenutoError(TYPE_NOT_POSSIBLE, f"{place}: {_shown(annotation)}", field=place)
    wrong = malformed(found)
    if wrong is not None:
        raise TenutoError(TYPE_NOT_POSSIBLE, f"{place}: {_shown(annotation)}: {wrong}", field=place)
    return found


def outputs_of(annotation: Any, place: str) -> tuple[Returns, tuple[Output, ...]]:
    """Return how a function's result becomes outputs, and which."""
    if annotation is None or annotation is type(None):
        return Returns.NOTHING, ()
    fields = _fields(annotation)
    if fields is not None:
        outputs = tuple(Output(name, value_type(inner, f"{place}.{name}")) for name, inner in fields.items())
        return Returns.FIELDS, outputs
    items = _fixed_tuple(annotation)
    if items is not None:
        outputs = tuple(
            Output(str(index), value_type(inner, f"{place}[{index}]")) for index, inner in enumerate(items)
        )
        return Returns.TUPLE, outputs
    return Returns.VALUE, (Output(ONE_OUTPUT, value_type(annotation, place)),)


def _read(annotation: Any) -> ValueType | None:
    """Return the type, or None where there is none, at any depth."""
    try:
        simple = _SIMPLE.get(annotation)
    except TypeError:  # an annotation that cannot be hashed is none of ours
        return None
    if simple is not None:
        return simple
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated or _is_alias(origin or annotation):
        return _read(_behind(annotation))
    if origin in {Union, types.UnionType}:
        return _several(Kind.UNION, typing.get_args(annotation))
    if isinstance(origin, type):
        return _generic(origin, typing.get_args(annotation))
    return _class(annotation) if isinstance(annotation, type) else None


def _is_alias(annotation: Any) -> bool:
    """Say whether this is a name made by a ``type`` statement, as numpy's ``NDArray`` is from Python 3.12 on."""
    return hasattr(annotation, "__value__") and hasattr(annotation, "__type_params__")


def _behind(alias: Any) -> Any:
    """Return what an alias stands for, with its arguments, if it has any, in the place of its parameters."""
    if typing.get_origin(alias) is typing.Annotated:
        return alias.__origin__
    value = alias.__value__  # an alias with arguments passes the question on to the alias itself
    arguments = typing.get_args(alias)
    if not arguments:
        return value
    by_parameter = dict(zip(alias.__type_params__, arguments, strict=True))
    return value[tuple(by_parameter[one] for one in value.__parameters__)]


def _generic(origin: type[Any], arguments: tuple[Any, ...]) -> ValueType | None:
    if origin is list:
        return _several(Kind.LIST, arguments)
    if origin is dict:
        return _several(Kind.DICT, arguments[1:]) if arguments[0] is str else None
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _several(Kind.SEQUENCE, arguments[:1])
    if origin is tuple:
        return _several(Kind.TUPLE, arguments)
    if library_kind(origin) is Kind.ARRAY:
        return ValueType(Kind.ARRAY, name=_dtype_name(arguments))
    return None


def _several(kind: Kind, annotations: tuple[Any, ...]) -> ValueType | None:
    inner = [_read(annotation) for annotation in annotations]
    found = tuple(one for one in inner if one is not None)
    return ValueType(kind, found) if len(found) == len(inner) else None


def _dtype_name(arguments: tuple[Any, ...]) -> str:
    """Return the dtype's name of ``ndarray[shape, dtype[float64]]``, or "" when any will do."""
    scalars = typing.get_args(arguments[-1]) if arguments else ()
    named = bool(scalars) and isinstance(scalars[0], type) and scalars[0].__name__ not in _ABSTRACT_SCALARS
    return str(scalars[0].__name__) if named else ""


_ABSTRACT_SCALARS = {
    "Any", "generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact", "floating",
    "complexfloating", "flexible", "character",
}  # fmt: skip


def _class(cls: type[Any]) -> ValueType | None:
    kind = library_kind(cls)
    if kind is None:
        return None
    return estimator_type(cls) if kind is Kind.ESTIMATOR else ValueType(kind)


def _fields(annotation: Any) -> dict[str, Any] | None:
    """Return the fields of a named tuple, dataclass or struct, by name; None for any other annotation."""
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        names: tuple[str, ...] = annotation._fields
    elif dataclasses.is_dataclass(annotation):
        names = tuple(field.name for field in dataclasses.fields(annotation))
    else:
        names = tuple(getattr(annotation, "__struct_fields__", ()))
    hints = hints_of(annotation) if names else {}
    return {name: hints.get(name, Any) for name in names} or None


def _fixed_tuple(annotation: Any) -> tuple[Any, ...] | None:
    arguments = typing.get_args(annotation)
    fixed = typing.get_origin(annotation) is tuple and Ellipsis not in arguments and bool(arguments)
    return arguments if fixed else None


def _shown(annotation: Any) -> str:
    return class_name(annotation) if isinstance(annotation, type) else str(annotation)
