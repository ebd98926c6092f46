"""What stands on the stack while a pickle is walked without being run: values, and promises of objects."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.guard.artifacts.allowlist import Role

_REMEMBERED = 64  # entries of a dict whose values matter; states of arrays and types have fewer


class Global(msgspec.Struct, frozen=True):
    """A name the file asks to import. ``role`` is None when the name is not on the allow-list."""

    module: str
    name: str
    role: Role | None

    @property
    def path(self) -> tuple[str, str]:
        return self.module, self.name

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


class Payload(msgspec.Struct, frozen=True):
    """Bytes too long to be a name or a code; only their length is kept."""

    length: int


class Bag:
    """A list, dict or set. Of a dict the first entries with text keys are kept; of the others nothing."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.entries: dict[str, Any] = {}
        self.complete = True  # every key was text and is in `entries`
        self.dunder = False
        self.frozen = False  # an element type points at it, and would change with it

    def put(self, key: Any, value: Any) -> None:
        if not isinstance(key, str) or len(self.entries) >= _REMEMBERED:
            self.complete = False
        else:
            self.entries[key] = value
        self.dunder = self.dunder or (isinstance(key, str) and key.startswith("__"))


class ElementType(msgspec.Struct, frozen=True):
    """What matters of a numpy type: how many bytes an element takes, and whether it is an object."""

    size: int
    objects: bool


class Made:
    """An object that calling or instantiating ``of`` would make."""

    def __init__(self, of: Global, arguments: tuple[Any, ...]) -> None:
        self.of = of
        self.arguments = arguments
        self.built = False
        self.element: ElementType | None = None  # of a numpy type, once it is filled


class Mark:
    """Where a run of items begins."""


MARK = Mark()
