"""Pure decisions about declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.govern.resources.errors import (
    DECLARED_TWICE,
    KIND_UNKNOWN,
    NAME_INVALID,
    NOTHING_DECLARED,
    PLACE_INVALID,
    VERSION_MOVED_ON,
)
from tenuto.govern.resources.words import Difference, Document, Kind, Level, Stored, Verb

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_ABSENT = object()


class Kinds:
    """The kinds that this platform knows, put together by ``app``."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def names(self) -> list[str]:
        return sorted(self._kinds)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds[name] for name in self.names())

    def of(self, name: str) -> Kind:
        found = self._kinds.get(name)
        if found is None:
            raise TenutoError(KIND_UNKNOWN, f"`{name}`; known: {', '.join(self.names())}", kind=name)
        return found

    def schema(self, name: str) -> dict[str, Any]:
        """Return the JSON Schema of a kind's ``spec``."""
        return msgspec.json.schema(self.of(name).spec)


def ordered(documents: Sequence[Document], kinds: Kinds) -> list[Document]:
    """Check each document by itself and sort: organisation first, then what others rely on."""
    if not documents:
        raise TenutoError(NOTHING_DECLARED)
    seen: set[tuple[str, str | None, str]] = set()
    for document in documents:
        _check(document, kinds.of(document.kind))
        key = (document.kind, document.workspace, document.name)
        if key in seen:
            raise TenutoError(DECLARED_TWICE, _where(document))
        seen.add(key)
    return sorted(
        documents, key=lambda one: (one.workspace or "", kinds.of(one.kind).order, one.kind, one.name)
    )


def read_spec(document: Document, kind: Kind) -> Any:
    """Return the typed spec. Errors name the document and the field."""
    with placed(document):
        return convert(document.spec, kind.spec)


@contextmanager
def placed(document: Document) -> Iterator[None]:
    """Have an error that is raised in the block say which document it is about, and where that stands."""
    try:
        yield
    except TenutoError as error:
        raise TenutoError(error.fault, f"{_where(document)}: {error.detail}", **error.context) from None


def plain(spec: msgspec.Struct) -> dict[str, Any]:
    """Return the spec as it is stored and compared: JSON values, defaults filled in."""
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec))
    return built


def verb_for(current: Stored | None, spec: dict[str, Any]) -> Verb:
    if current is None:
        return Verb.CREATE
    return Verb.KEEP if current.spec == spec else Verb.UPDATE


def check_version(document: Document, current: Stored | None) -> None:
    stands = current.version if current else 0
    if document.version is not None and document.version != stands:
        raise TenutoError(
            VERSION_MOVED_ON,
            f"{_where(document)}: you read version {document.version}, it stands at {stands}",
        )


def differences(before: Any, after: Any, path: str = "") -> list[Difference]:
    """Return every place where two JSON values differ, deepest place first named by its path."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            found
            for key in sorted(before.keys() | after.keys())
            for found in differences(before.get(key, _ABSENT), after.get(key, _ABSENT), f"{path}.{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            found
            for index, (old, new) in enumerate(zip(before, after, strict=True))
            for found in differences(old, new, f"{path}[{index}]")
        ]
    if before == after and type(before) is type(after):
        return []
    return [Difference(path.lstrip("."), _shown(before), _shown(after))]


def _shown(value: Any) -> Any:
    return None if value is _ABSENT else value


def _check(document: Document, kind: Kind) -> None:
    if not _NAME.fullmatch(document.name):
        raise TenutoError(NAME_INVALID, f"{_where(document)}: `{document.name}`")
    if kind.level is Level.EITHER:
        return
    if (document.workspace is None) != (kind.level is Level.ORGANISATION):
        raise TenutoError(PLACE_INVALID, f"{_where(document)}: {kind.name} lives in the {kind.level.value}")


def _where(document: Document) -> str:
    named = f"{document.kind}/{document.name}"
    return f"{document.origin} ({named})" if document.origin else named
