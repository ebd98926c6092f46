"""The words of declared things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from tenuto.core.words import Actor, Event

if TYPE_CHECKING:
    from tenuto.govern.use_case import Case

S = TypeVar("S", bound=msgspec.Struct)


class Level(Enum):
    """Where resources of a kind live."""

    ORGANISATION = "organisation"
    WORKSPACE = "workspace"
    EITHER = "either"  # in a workspace when the document names one, else in the organisation


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One declared thing as it is written in a file.

    ``version`` is the version that the writer read; when it is given and the stored one is another, the
    change is refused. ``origin`` says where the document stands (``routes.yaml:12``), for errors.
    """

    kind: str
    name: str
    spec: dict[str, Any] = {}
    workspace: str | None = None
    version: int | None = None
    origin: str = ""


class Declared(msgspec.Struct, Generic[S], frozen=True):
    """A resource as its kind sees it: typed, with its place and version."""

    id: str
    kind: str
    name: str
    workspace: str | None  # the workspace's id
    version: int
    spec: S


class Stored(msgspec.Struct, frozen=True):
    """A resource as it is stored. ``spec`` is None for the revision that deleted it."""

    id: str
    kind: str
    name: str
    workspace: str | None
    version: int
    spec: dict[str, Any] | None
    author: str
    at: datetime

    def gone(self, by: Actor, at: datetime) -> Stored:
        """Return the revision that says that the resource was deleted."""
        return msgspec.structs.replace(self, version=self.version + 1, spec=None, author=by.id, at=at)


class Verb(Enum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


class Difference(msgspec.Struct, frozen=True):
    """One place where two specs differ. A missing side is None together with its flag."""

    path: str
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True):
    """What applying one document does, or did."""

    verb: Verb
    kind: str
    name: str
    workspace: str | None  # the workspace's name
    version: int  # the stored version before the change; 0 when there is none
    differences: list[Difference] = []


Hook = Callable[["Case", Declared[Any], "Declared[Any] | None"], Sequence[Event]]
Removal = Callable[["Case", Declared[Any]], Sequence[Event]]


def no_hook(_case: Case, _new: Declared[Any], _old: Declared[Any] | None) -> Sequence[Event]:
    return ()


def no_removal(_case: Case, _old: Declared[Any]) -> Sequence[Event]:
    return ()


class Kind(msgspec.Struct, frozen=True):
    """A kind of resource. Its hooks run inside the transaction of the change.

    ``admit`` may refuse (raise) and keeps the kind's own tables in step; it returns events of its own.
    ``order`` decides what is applied first within one ``apply``: lower numbers are relied on by higher ones.
    """

    name: str
    level: Level
    spec: type[msgspec.Struct]
    summary: str
    order: int = 50
    admit: Hook = no_hook
    remove: Removal = no_removal
