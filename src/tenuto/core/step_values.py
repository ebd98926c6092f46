"""What a step's function returned, checked against what it declares: the same on a server and at home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenuto.core import typed_json
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.graph import Output, Returns
from tenuto.core.value_types import ValueType, class_name, is_json, library_kind, members


def split_outputs(returns: Returns, outputs: Sequence[Output], returned: Any) -> dict[str, Any]:
    """Return the outputs by name. Raises when what came back does not have them."""
    names = [output.name for output in outputs]
    if returns is Returns.TUPLE:
        _require(isinstance(returned, tuple) and len(returned) == len(names), names, returned)
        return dict(zip(names, returned, strict=True))
    if returns is Returns.FIELDS:
        _require(all(hasattr(returned, name) for name in names), names, returned)
        return {name: getattr(returned, name) for name in names}
    return dict.fromkeys(names, returned)


def as_declared(name: str, declared: ValueType, value: Any) -> Any:
    """Return ``value`` as output ``name`` hands it over. Raises when it is not of the declared type."""
    if is_json(declared):
        value = typed_json.plain(value)
        try:
            typed_json.encode(value, declared)
        except TenutoError as error:
            raise TenutoError(INVALID_VALUE, f"`{name}`: {error.detail}", field=name) from error
    elif member_of(value, declared) is None:
        found = class_name(type(value))
        raise TenutoError(INVALID_VALUE, f"`{name}`: expected {declared}, found {found}", field=name)
    return value


def member_of(value: Any, declared: ValueType) -> ValueType | None:
    """Return the alternative of ``declared`` that ``value`` is of, or None; arrays are not looked into."""
    return next((member for member in members(declared) if _is_of(value, member)), None)


def _is_of(value: Any, member: ValueType) -> bool:
    if is_json(member):
        return typed_json.is_of(typed_json.plain(value), member)
    if member.of:
        return type(value) is list and all(member_of(item, member.of[0]) is not None for item in value)
    return library_kind(type(value)) is member.kind


def _require(holds: bool, names: list[str], returned: Any) -> None:
    if not holds:
        detail = f"the outputs {', '.join(names)} are declared, and {type(returned).__name__} was returned"
        raise TenutoError(INVALID_VALUE, detail)
