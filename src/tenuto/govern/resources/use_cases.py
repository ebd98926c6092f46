"""Declare, look at, and take back: one mechanism for every kind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.decoding import convert
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.resources import queries, rules
from tenuto.govern.resources.errors import RESOURCE_UNKNOWN, REVISION_UNKNOWN
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.resources.words import Change, Declared, Document, Kind, Level, Stored, Verb
from tenuto.govern.use_case import Case, RefusedError, use_case
from tenuto.govern.workspaces import queries as places

_APPLY = "govern:resource:apply"


@use_case("govern:resource:read", mutating=False)
def plan(case: Case, *, kinds: Kinds, documents: Sequence[Document]) -> list[Change]:
    """Say what ``apply`` would do, without doing it, and refuse what it would refuse.

    Who may read but not apply sees the differences only: what the checks of a kind answer is for those who may
    declare it.
    """
    changes = []
    for document in rules.ordered(documents, kinds):
        kind = kinds.of(document.kind)
        spec = rules.plain(rules.read_spec(document, kind))
        current = _current(case, document)
        case.permit(_ref(document, current, case.scope.workspace))
        rules.check_version(document, current)
        changes.append(_change(document, current, spec))
    _rehearse(case, kinds, documents)
    return changes


@use_case(_APPLY)
def apply(case: Case, *, kinds: Kinds, documents: Sequence[Document]) -> list[Change]:
    """Make the declared things so, all of them or none."""
    return _apply_all(case, kinds, documents)


def _rehearse(case: Case, kinds: Kinds, documents: Sequence[Document]) -> None:
    with case.trial(_APPLY) as trial:
        try:
            _apply_all(trial, kinds, documents)
        except RefusedError as refusal:
            if refusal.entry.action != _APPLY:
                raise


def _apply_all(case: Case, kinds: Kinds, documents: Sequence[Document]) -> list[Change]:
    changes = []
    for name, group in groupby(rules.ordered(documents, kinds), key=lambda document: document.workspace):
        case.enter(places.by_name(case.tx, name).id if name else None)
        changes += [_apply_one(case, kinds.of(document.kind), document) for document in group]
    return changes


@use_case("govern:resource:delete")
def delete(case: Case, *, kinds: Kinds, kind: str, name: str) -> Change:
    """Take a declared thing away. Its history stays."""
    known = kinds.of(kind)
    _enter_level(case, known)
    current = _existing(case, kind, name, lock=True)
    case.permit(_ref_of(current))
    events = known.remove(case, _declared(known, current))
    gone = current.gone(case.scope.actor, case.clock.now())
    queries.delete(case.tx, gone)
    case.record(_ref_of(current), {"version": gone.version}, [*events, _event("resource.deleted", gone)])
    return Change(Verb.DELETE, kind, name, _place_name(case, current), current.version)


@use_case("govern:resource:read", mutating=False)
def get(case: Case, *, kinds: Kinds, kind: str, name: str) -> Stored:
    _enter_level(case, kinds.of(kind))
    current = _existing(case, kind, name)
    case.permit(_ref_of(current))
    return current


@use_case("govern:resource:read", mutating=False)
def listing(case: Case, *, kinds: Kinds, kind: str | None = None) -> list[Stored]:
    """Return the resources of one kind, or of all kinds in this scope, that the actor may read."""
    if kind is not None:
        _enter_level(case, kinds.of(kind))
    case.permit(Ref("Resource", kind or "*", kind or "", case.scope.workspace))
    return [one for one in queries.listed(case.tx, kind) if case.may(_ref_of(one))]


@use_case("govern:resource:read", mutating=False)
def history(case: Case, *, kinds: Kinds, kind: str, name: str) -> list[Stored]:
    """Return the revisions, newest first; a deleted resource still has them."""
    _enter_level(case, kinds.of(kind))
    revisions = queries.history(case.tx, kind, name)
    if not revisions:
        raise TenutoError(RESOURCE_UNKNOWN, f"{kind}/{name}")
    case.permit(_ref_of(revisions[0]))
    return revisions


@use_case(_APPLY)
def rollback(case: Case, *, kinds: Kinds, kind: str, name: str, version: int | None = None) -> Change:
    """Declare again what an earlier version said: the one before the current, or ``version``.

    What was deleted comes back as it was declared last.
    """
    known = kinds.of(kind)
    _enter_level(case, known)
    queries.find(case.tx, kind, name, lock=True)
    newest = queries.latest(case.tx, kind, name)
    if newest is None:
        raise TenutoError(RESOURCE_UNKNOWN, f"{kind}/{name}")
    wanted = _wanted(case, newest, version)
    if wanted is None or wanted.spec is None:
        said = f"version {version}" if version is not None else f"version before {newest.version}"
        raise TenutoError(REVISION_UNKNOWN, f"{kind}/{name} {said}")
    return _apply_one(case, known, Document(kind, name, wanted.spec, _place_name(case, newest)))


def _wanted(case: Case, newest: Stored, version: int | None) -> Stored | None:
    if version is None:
        return queries.earlier(case.tx, newest)
    return queries.numbered(case.tx, newest.kind, newest.name, version)


def _apply_one(case: Case, kind: Kind, document: Document) -> Change:
    current = queries.find(case.tx, document.kind, document.name, lock=True)
    ref = _ref(document, current, case.scope.workspace)
    case.permit(ref)
    rules.check_version(document, current)
    spec = rules.read_spec(document, kind)
    change = _change(document, current, rules.plain(spec))
    if change.verb is Verb.KEEP:
        case.unchanged()
        return change
    new = _next(case, document, current, rules.plain(spec))
    with rules.placed(document):
        events = kind.admit(case, _typed(new, spec), _declared(kind, current) if current else None)
    if current is None:
        queries.insert(case.tx, new)
    else:
        queries.update(case.tx, new)
    detail = {"verb": change.verb.value, "version": new.version, "spec_digest": _digest(new)}
    case.record(_ref_of(new), detail, [*events, _event("resource.applied", new)])
    return change


def _next(case: Case, document: Document, current: Stored | None, spec: dict[str, Any]) -> Stored:
    """Return what is stored next. Versions go on after a deletion: one number never means two things."""
    before = current or queries.latest(case.tx, document.kind, document.name)
    return Stored(
        id=current.id if current else case.ids.new(),
        kind=document.kind,
        name=document.name,
        workspace=case.scope.workspace,
        version=(before.version if before else 0) + 1,
        spec=spec,
        author=case.scope.actor.id,
        at=case.clock.now(),
    )


def _change(document: Document, current: Stored | None, spec: dict[str, Any]) -> Change:
    verb = rules.verb_for(current, spec)
    return Change(
        verb,
        document.kind,
        document.name,
        document.workspace,
        current.version if current else 0,
        rules.differences(current.spec, spec) if current and verb is Verb.UPDATE else [],
    )


def _current(case: Case, document: Document) -> Stored | None:
    known = {place.name: place.id for place in places.listed(case.tx)}
    case.enter(known.get(document.workspace or ""))
    if document.workspace is not None and document.workspace not in known:
        return None
    return queries.find(case.tx, document.kind, document.name)


def _existing(case: Case, kind: str, name: str, *, lock: bool = False) -> Stored:
    current = queries.find(case.tx, kind, name, lock=lock)
    if current is None:
        raise TenutoError(RESOURCE_UNKNOWN, f"{kind}/{name}")
    return current


def _enter_level(case: Case, kind: Kind) -> None:
    if kind.level is Level.ORGANISATION and case.scope.workspace is not None:
        case.enter(None)


def _place_name(case: Case, stored: Stored) -> str | None:
    return places.by_id(case.tx, stored.workspace).name if stored.workspace else None


def _declared(kind: Kind, stored: Stored) -> Declared[Any]:
    return _typed(stored, convert(stored.spec, kind.spec))


def _typed(stored: Stored, spec: Any) -> Declared[Any]:
    return Declared(stored.id, stored.kind, stored.name, stored.workspace, stored.version, spec)


def _ref(document: Document, current: Stored | None, workspace: str | None) -> Ref:
    return Ref(document.kind, current.id if current else "new", document.name, workspace)


def _ref_of(stored: Stored) -> Ref:
    return Ref(stored.kind, stored.id, stored.name, stored.workspace)


def _event(type_: str, stored: Stored) -> Event:
    data = {"kind": stored.kind, "name": stored.name, "version": stored.version}
    return Event(type_, stored.id, data)


def _digest(stored: Stored) -> str:
    """Return the digest of the spec as text: specs may hold floats, which canonical JSON refuses."""
    return digest_of(
        canonical_json({"spec": msgspec.json.encode(stored.spec, order="deterministic").decode()})
    )
