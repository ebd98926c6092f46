"""The types that may pass between steps, as data: small, comparable, the same on every machine.

An annotation becomes a ``ValueType`` where a step is defined; from then on only the ``ValueType`` travels, so
a server can check a graph without importing anybody's code. Libraries are known here by the names of their
classes, never imported.
"""

from __future__ import annotations

from enum import Enum
from pathlib import PosixPath
from typing import Any

import msgspec


class FilePath(PosixPath):
    """A file that passes between steps: its content goes to the store, not its place."""


class FolderPath(PosixPath):
    """A folder that passes between steps: everything in it goes to the store, not its place."""


class Kind(Enum):
    JSON = "json"  # any of the JSON kinds below
    NULL = "null"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "str"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    LIST = "list"
    TUPLE = "tuple"  # of a fixed length
    SEQUENCE = "sequence"  # a tuple of any length
    DICT = "dict"  # with text keys
    UNION = "union"
    ARRAY = "array"
    TABLE = "table"
    FRAME = "frame"
    FILE = "file"
    FOLDER = "folder"
    ONNX = "onnx"
    ESTIMATOR = "estimator"


SCALARS = frozenset(
    {Kind.NULL, Kind.BOOL, Kind.INT, Kind.FLOAT, Kind.TEXT, Kind.DECIMAL, Kind.DATE, Kind.DATETIME}
)
_JSON_CONTAINERS = frozenset({Kind.LIST, Kind.TUPLE, Kind.SEQUENCE, Kind.DICT, Kind.UNION})
_LARGEST_DEPTH = 20

POSSIBLE = (
    "bool, int, float, str, None, datetime, date, Decimal; list[T], tuple[T, ...], dict[str, T], T | U, Any "
    "of those; numpy.ndarray; pyarrow.Table; pandas.DataFrame; FilePath and FolderPath of tenuto.client; "
    "onnx.ModelProto; a scikit-learn estimator"
)


class ValueType(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """``of`` are the inner types, ``name`` the dtype of an array or the class of an estimator ("" takes any),
    ``bases`` the classes that an estimator's class rests on.
    """

    kind: Kind
    of: tuple[ValueType, ...] = ()
    name: str = ""
    bases: tuple[str, ...] = ()

    def __str__(self) -> str:
        inner = [str(inner) for inner in self.of]
        if self.kind is Kind.UNION:
            return " | ".join(inner)
        if self.kind is Kind.SEQUENCE:
            return f"tuple[{inner[0]}, ...]"
        if self.kind is Kind.DICT:
            return f"dict[str, {inner[0]}]"
        arguments = ", ".join(inner) or self.name
        return f"{self.kind.value}[{arguments}]" if arguments else self.kind.value


ANY_JSON = ValueType(Kind.JSON)
NULL = ValueType(Kind.NULL)


def list_of(item: ValueType) -> ValueType:
    return ValueType(Kind.LIST, (item,))


def is_json(value_type: ValueType) -> bool:
    """Tell whether every value of the type is a JSON value."""
    if value_type.kind in _JSON_CONTAINERS:
        return all(is_json(inner) for inner in value_type.of)
    return value_type.kind is Kind.JSON or value_type.kind in SCALARS


def takes_none(value_type: ValueType) -> bool:
    return fits(NULL, value_type)


def members(value_type: ValueType) -> tuple[ValueType, ...]:
    """Return the alternatives of a union, or the type itself."""
    return value_type.of if value_type.kind is Kind.UNION else (value_type,)


def fits(given: ValueType, wanted: ValueType) -> bool:
    """Tell whether a value declared as ``given`` may be passed where ``wanted`` is declared.

    The rules are Python's own: an int is taken for a float, ``Any`` fits both ways and is checked when the
    value is there; lists are covariant, because a step gets its own copy.
    """
    if given.kind is Kind.UNION:
        return all(fits(member, wanted) for member in given.of)
    if wanted.kind is Kind.UNION:
        return any(fits(given, member) for member in wanted.of)
    if Kind.JSON in {given.kind, wanted.kind}:
        return is_json(given) and is_json(wanted)
    if given.kind is Kind.INT and wanted.kind is Kind.FLOAT:
        return True
    return given.kind is wanted.kind and _details_fit(given, wanted)


def _details_fit(given: ValueType, wanted: ValueType) -> bool:
    if wanted.kind is Kind.ESTIMATOR:
        return wanted.name in {"", given.name, *given.bases}
    if wanted.kind is Kind.ARRAY:
        return not given.name or not wanted.name or given.name == wanted.name
    return len(given.of) == len(wanted.of) and all(map(fits, given.of, wanted.of))


_ARITY = {Kind.LIST: 1, Kind.SEQUENCE: 1, Kind.DICT: 1}
_NAMED = {Kind.ARRAY, Kind.ESTIMATOR}
_JSON_ONLY = {Kind.DICT, Kind.TUPLE, Kind.SEQUENCE}


def malformed(value_type: ValueType, depth: int = 0) -> str | None:
    """Return what is wrong with a type that came from a stranger, or None."""
    if depth > _LARGEST_DEPTH:
        return f"types are nested at most {_LARGEST_DEPTH} deep"
    own = _malformed_itself(value_type)
    inner = (malformed(inner, depth + 1) for inner in value_type.of)
    return own or next(filter(None, inner), None)


def _malformed_itself(value_type: ValueType) -> str | None:
    kind, count = value_type.kind, len(value_type.of)
    wrong = {
        f"`{kind.value}` takes one inner type": count != _ARITY.get(kind, count),
        f"`{kind.value}` takes no inner type": count > 0 and kind not in _JSON_CONTAINERS,
        "a union has two alternatives at least": kind is Kind.UNION and count < 2,
        f"`{kind.value}` takes no name": kind not in _NAMED and bool(value_type.name or value_type.bases),
        f"a {kind.value} holds JSON values only": kind in _JSON_ONLY and not is_json(value_type),
    }
    return next((reason for reason, holds in wrong.items() if holds), None)


_CLASSES = {
    "numpy.ndarray": Kind.ARRAY,
    "pyarrow.lib.Table": Kind.TABLE,
    "pandas.DataFrame": Kind.FRAME,
    "pandas.core.frame.DataFrame": Kind.FRAME,
    "onnx.onnx_ml_pb2.ModelProto": Kind.ONNX,
    "sklearn.base.BaseEstimator": Kind.ESTIMATOR,
    "sklearn.base.ClassifierMixin": Kind.ESTIMATOR,
    "sklearn.base.RegressorMixin": Kind.ESTIMATOR,
    "sklearn.base.TransformerMixin": Kind.ESTIMATOR,
    "sklearn.base.ClusterMixin": Kind.ESTIMATOR,
    f"{__name__}.FilePath": Kind.FILE,
    f"{__name__}.FolderPath": Kind.FOLDER,
}
_ANY_ESTIMATOR = "sklearn.base.BaseEstimator"


def library_kind(cls: type[Any]) -> Kind | None:
    """Return the kind of a class that is no JSON type, or None. Subclasses count for estimators only.

    A subclass of an array or a table carries state (a mask, a geometry) that its file would lose.
    """
    kind = _CLASSES.get(class_name(cls))
    if kind is not None:
        return kind
    is_estimator = any(_CLASSES.get(class_name(base)) is Kind.ESTIMATOR for base in cls.__mro__)
    return Kind.ESTIMATOR if is_estimator else None


def estimator_type(cls: type[Any]) -> ValueType:
    name = class_name(cls)
    if name == _ANY_ESTIMATOR:
        return ValueType(Kind.ESTIMATOR)
    bases = tuple(class_name(base) for base in cls.__mro__[1:-1])
    return ValueType(Kind.ESTIMATOR, name=name, bases=bases)


def class_name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
