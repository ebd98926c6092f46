"""The one door through which anything happens.

A use case is a function ``(case, *, ...) -> result`` with the decorator below. Calling it opens a transaction
in the caller's scope, and the function must, on the object it loaded, ask ``case.permit(...)`` and, when it
changes anything, say ``case.record(...)``. Effect, audit records and events then commit together or not at
all. A refusal is written to the audit log in a transaction of its own before it reaches the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import Ids
from tenuto.core.words import Event, Ref, Scope, Verdict
from tenuto.govern.audit.writing import Entry, write_entries
from tenuto.govern.errors import NEVER_ASKED, NEVER_RECORDED, NOT_ALLOWED
from tenuto.store.database import Database, Transaction

P = ParamSpec("P")
R = TypeVar("R")


class Decider(Protocol):
    """Answers whether the actor of a transaction may do something to a loaded object."""

    def decide(self, tx: Transaction, action: str, resource: Ref) -> Verdict: ...

    def allows(self, tx: Transaction, action: str, resource: Ref) -> bool: ...


class Desk(msgspec.Struct, frozen=True):
    """What every use case works with."""

    database: Database
    decider: Decider
    clock: Clock
    ids: Ids


class RefusedError(Exception):
    """Carries a refusal out of the transaction, so that it is recorded after the rollback.

    ``scope`` is where it was refused: the record belongs to those who may read the log of that place.
    """

    def __init__(self, entry: Entry, verdict: Verdict, scope: Scope) -> None:
        super().__init__(verdict.reason)
        self.entry = entry
        self.verdict = verdict
        self.scope = scope


class Case:
    """One call of a use case: its transaction, what was allowed, and what will be recorded."""

    def __init__(self, desk: Desk, tx: Transaction, action: str) -> None:
        self.tx = tx
        self.clock = desk.clock
        self.ids = desk.ids
        self.action = action
        self._desk = desk
        self._verdict: Verdict | None = None
        self._entries: list[Entry] = []
        self._events: list[Event] = []
        self._told = False

    @property
    def scope(self) -> Scope:
        return self.tx.scope

    def permit(self, resource: Ref, action: str = "") -> Verdict:
        """Go on only if the actor may. Ask on the object as loaded, never on what the caller claims."""
        asked = action or self.action
        verdict = self._desk.decider.decide(self.tx, asked, resource)
        if not verdict.allowed:
            raise RefusedError(Entry(asked, resource, verdict, "refused"), verdict, self.scope)
        self._verdict = verdict
        return verdict

    def may(self, resource: Ref, action: str = "") -> bool:
        """Tell whether the actor may, to filter a list. Refusals of a filter are not recorded."""
        return self._desk.decider.allows(self.tx, action or self.action, resource)

    def record(
        self,
        resource: Ref,
        detail: dict[str, Any] | None = None,
        events: Sequence[Event] = (),
        *,
        action: str = "",
    ) -> None:
        """Say what was done. ``detail`` holds text, whole numbers and booleans, and never a secret.

        ``action`` is what was permitted last, where it is not the use case's own.
        """
        if self._verdict is None:
            raise TenutoError(NEVER_ASKED, self.action)
        self._entries.append(Entry(action or self.action, resource, self._verdict, "done", detail or {}))
        self._events.extend(events)
        self._told = True

    def unchanged(self) -> None:
        """Say that what was asked for is already so: nothing is changed and nothing recorded."""
        self._told = True

    def enter(self, workspace: str | None) -> None:
        """Go on in another scope. What was recorded so far is written in the scope it happened in."""
        self.flush()
        self.tx = self.tx.enter(workspace)

    @contextmanager
    def trial(self, action: str) -> Iterator[Case]:
        """Try ``action`` as if it were asked for: all its checks are made, all its effects taken back."""
        with self.tx.taken_back() as tx:
            yield _Trial(self._desk, tx, action)

    def flush(self) -> None:
        write_entries(self.tx, self.clock, self.ids, self._entries, self._events)
        self._entries, self._events = [], []

    def close(self, *, mutating: bool) -> None:
        if self._verdict is None:
            raise TenutoError(NEVER_ASKED, self.action)
        if mutating and not self._told:
            raise TenutoError(NEVER_RECORDED, self.action)
        self.flush()


class _Trial(Case):
    """A case of which nothing stays, so that nothing is recorded either."""

    def flush(self) -> None:
        self._entries, self._events = [], []


class UseCase(Generic[P, R]):
    """A registered use case. Call it with a desk, a scope and the function's own keyword arguments."""

    def __init__(self, function: Callable[Concatenate[Case, P], R], action: str, *, mutating: bool) -> None:
        self.function = function
        self.action = action
        self.mutating = mutating
        update_wrapper(self, function)

    def __call__(self, desk: Desk, scope: Scope, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.mutating:
            desk.database.require_room()
        try:
            with desk.database.begin(scope) as tx:
                case = Case(desk, tx, self.action)
                result = self.function(case, *args, **kwargs)
                case.close(mutating=self.mutating)
                return result
        except RefusedError as refusal:
            record_alone(desk, refusal.scope, refusal.entry)
            raise _forbidden(refusal) from None


def use_case(
    action: str, *, mutating: bool = True
) -> Callable[[Callable[Concatenate[Case, P], R]], UseCase[P, R]]:
    """Register the use case of ``action``. ``mutating=False`` is for reads that leave no record."""

    def register(function: Callable[Concatenate[Case, P], R]) -> UseCase[P, R]:
        return UseCase(function, action, mutating=mutating)

    return register


def record_alone(desk: Desk, scope: Scope, entry: Entry) -> None:
    """Write one audit record in a transaction of its own: a refusal, a failed sign-in."""
    with desk.database.begin(scope) as tx:
        write_entries(tx, desk.clock, desk.ids, [entry])


def _forbidden(refusal: RefusedError) -> TenutoError:
    entry, verdict = refusal.entry, refusal.verdict
    return TenutoError(
        NOT_ALLOWED,
        verdict.reason,
        action=entry.action,
        resource=f"{entry.resource.kind}/{entry.resource.name or entry.resource.id}",
        rule=verdict.rule,
        policy_version=verdict.policy_version,
    )
