"""Text that must not be seen: it can be carried about, but not printed, logged, encoded or pickled."""

from __future__ import annotations

from hmac import compare_digest
from typing import Any, NoReturn

_SHOWN = "[secret]"


class SecretText:
    """A secret on its way to where it is used. ``reveal`` is the only way out, and is easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return _SHOWN

    def __format__(self, spec: str) -> str:
        return format(_SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        """Compare in time that tells nothing about where two secrets differ."""
        if not isinstance(other, SecretText):
            return NotImplemented
        return compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a secret is no key of a dictionary

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")
