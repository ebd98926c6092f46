"""JSON that keeps Python's types: what comes back equals what went in, and has the same type.

Plain JSON values have their plain spelling. What JSON cannot tell apart is an object with one key that begins
with a dollar: ``{"$tuple": [...]}``, ``{"$decimal": "1.10"}``, ``{"$date": ...}``, ``{"$datetime": ...}``,
``{"$float": "nan" | "inf" | "-inf"}``; a dict that happens to look so is wrapped as ``{"$dict": {...}}``.
Not-a-number and the infinities are values like any other. An aware time keeps its offset, not its zone's
name. Text has to be valid Unicode.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.value_types import ANY_JSON, Kind, ValueType

_LARGEST_DEPTH = 100
_PLAIN = (bool, int, str)


def encode(value: Any, value_type: ValueType = ANY_JSON) -> str:
    """Return the text of ``value``. Raises when it is not of ``value_type``, naming the place."""
    try:
        text = json.dumps(_tagged(value, "$", 0), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except ValueError as error:  # an integer of thousands of digits, or a lone surrogate
        raise TenutoError(INVALID_VALUE, f"$: {error}") from error
    require(value, value_type)
    return text


def decode(text: str, value_type: ValueType = ANY_JSON) -> Any:
    """Return the value that ``text`` spells. Raises when it is not of ``value_type``."""
    try:
        value = _untagged(json.loads(text, parse_constant=_refuse_constant), 0)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise TenutoError(INVALID_VALUE, f"not typed JSON: {error}") from error
    require(value, value_type)
    return value


def require(value: Any, value_type: ValueType) -> None:
    """Raise unless ``value`` is of the JSON type ``value_type``; the detail names the first wrong place."""
    place = _wrong_place(value, value_type, "$")
    if place is not None:
        where, wanted, found = place
        raise TenutoError(INVALID_VALUE, f"{where}: expected {wanted}, found {found}")


def is_of(value: Any, value_type: ValueType) -> bool:
    return _wrong_place(value, value_type, "$") is None


def plain(value: Any) -> Any:
    """Return ``value`` with numpy's scalars made Python's own: a metric is a float to whoever declares it."""
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(map(plain, value))
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return item if type(item) in {bool, int, float, str} and type(value).__name__ != "ndarray" else value
    return value


def _tagged(value: Any, place: str, depth: int) -> Any:
    if depth > _LARGEST_DEPTH:
        raise TenutoError(INVALID_VALUE, f"{place}: nested more than {_LARGEST_DEPTH} deep")
    if value is None or type(value) in _PLAIN:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": str(value)}
    if type(value) is list:
        return [_tagged(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    if type(value) is dict:
        return _tagged_dict(value, place, depth)
    if type(value) is tuple:
        return {"$tuple": [_tagged(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]}
    return _tagged_scalar(value, place)


def _tagged_dict(value: dict[Any, Any], place: str, depth: int) -> dict[str, Any]:
    for key in value:
        if type(key) is not str:
            raise TenutoError(INVALID_VALUE, f"{place}: keys are text, found {type(key).__name__} {key!r}")
    plain = {key: _tagged(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
    return {"$dict": plain} if len(plain) == 1 and next(iter(plain)).startswith("$") else plain


def _tagged_scalar(value: Any, place: str) -> dict[str, str]:
    if type(value) is Decimal:
        return {"$decimal": str(value)}
    if type(value) is datetime:
        return {"$datetime": value.isoformat()}
    if type(value) is date:
        return {"$date": value.isoformat()}
    kind = type(value)
    raise TenutoError(INVALID_VALUE, f"{place}: {kind.__module__}.{kind.__qualname__} is no JSON value")


def _untagged(value: Any, depth: int) -> Any:
    if depth > 2 * _LARGEST_DEPTH + 2:  # a tag adds a level of its own
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_untagged(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(tag, content)] = value.items()
        if tag.startswith("$"):
            return _from_tag(tag, content, depth)
    return {key: _untagged(item, depth + 1) for key, item in value.items()}


def _from_tag(tag: str, content: Any, depth: int) -> Any:
    if tag == "$tuple" and isinstance(content, list):
        return tuple(_untagged(item, depth + 1) for item in content)
    if tag == "$dict" and isinstance(content, dict):
        return {key: _untagged(item, depth + 1) for key, item in content.items()}
    if tag == "$float" and content in {"nan", "inf", "-inf"}:
        return float(content)
    if isinstance(content, str):
        if tag == "$decimal":
            return Decimal(content)
        if tag == "$datetime":
            return datetime.fromisoformat(content)
        if tag == "$date":
            return date.fromisoformat(content)
    raise ValueError(f"`{tag}` is no tag of typed JSON with that content")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_SCALAR_CLASSES: dict[Kind, type[Any]] = {
    Kind.NULL: type(None),
    Kind.BOOL: bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.TEXT: str,
    Kind.DECIMAL: Decimal,
    Kind.DATE: date,
    Kind.DATETIME: datetime,
}
_Place = tuple[str, str, str]


def _wrong_place(value: Any, wanted: ValueType, place: str) -> _Place | None:
    """Return place, wanted and found of the first mismatch."""
    kind = wanted.kind
    if kind is Kind.JSON:
        return None
    if kind is Kind.UNION:
        fitting = any(_wrong_place(value, member, place) is None for member in wanted.of)
        return None if fitting else _mismatch(value, wanted, place)
    if kind in {Kind.LIST, Kind.SEQUENCE, Kind.TUPLE}:
        return _wrong_item(value, wanted, place)
    if kind is Kind.DICT:
        return _wrong_entry(value, wanted, place)
    taken = type(value) is _SCALAR_CLASSES.get(kind) or (kind is Kind.FLOAT and type(value) is int)
    return None if taken else _mismatch(value, wanted, place)


def _wrong_item(value: Any, wanted: ValueType, place: str) -> _Place | None:
    if type(value) is not (list if wanted.kind is Kind.LIST else tuple):
        return _mismatch(value, wanted, place)
    if wanted.kind is Kind.TUPLE and len(value) != len(wanted.of):
        return place, str(wanted), f"a tuple of {len(value)}"
    types = wanted.of if wanted.kind is Kind.TUPLE else wanted.of * len(value)
    found = (
        _wrong_place(item, inner, f"{place}[{index}]")
        for index, (item, inner) in enumerate(zip(value, types, strict=True))
    )
    return next(filter(None, found), None)


def _wrong_entry(value: Any, wanted: ValueType, place: str) -> _Place | None:
    if type(value) is not dict:
        return _mismatch(value, wanted, place)
    found = (_wrong_place(item, wanted.of[0], f"{place}.{key}") for key, item in value.items())
    return next(filter(None, found), None)


def _mismatch(value: Any, wanted: ValueType, place: str) -> _Place:
    return place, str(wanted), "None" if value is None else type(value).__name__
