"""Ask Cedar inside the transaction of a use case, over what is bound at that moment.

Bindings and workspaces are read again whenever their common version number has grown; the number itself is
read in every transaction, so a role that was taken away is gone for the very next question.
"""

from __future__ import annotations

import threading

import msgspec

from tenuto.core.words import Actor, ActorKind, Ref, Verdict
from tenuto.govern.access import queries
from tenuto.govern.access.queries import Granted
from tenuto.govern.actions import Action
from tenuto.govern.policy import Authorizer, Binding, Explanation, Place, PolicyLibrary
from tenuto.govern.workspaces import queries as places
from tenuto.store.database import Transaction


class _State(msgspec.Struct, frozen=True):
    version: int
    authorizer: Authorizer


class CedarDecider:
    """The decisions of one process."""

    def __init__(self, library: PolicyLibrary) -> None:
        self._library = library
        self._state: _State | None = None
        self._loading = threading.Lock()

    def decide(self, tx: Transaction, action: str, resource: Ref) -> Verdict:
        scope = tx.scope
        return self._authorizer(tx).decide(scope.actor, action, resource, workspace=scope.workspace)

    def allows(self, tx: Transaction, action: str, resource: Ref) -> bool:
        """Tell the same without the reason, for filtering lists."""
        scope = tx.scope
        return self._authorizer(tx).allows(scope.actor, action, resource, workspace=scope.workspace)

    def decide_for(self, tx: Transaction, actor: Actor, action: str, resource: Ref) -> Verdict:
        """Answer for somebody else, working in the workspace of the resource."""
        return self._authorizer(tx).decide(actor, action, resource, workspace=resource.workspace)

    def explain(self, tx: Transaction, actor: Actor, action: str, resource: Ref) -> Explanation:
        return self._authorizer(tx).explain(actor, action, resource, workspace=tx.scope.workspace)

    @property
    def roles(self) -> list[str]:
        """The names of all roles that somebody can be given."""
        return sorted(self._library.roles)

    def actions_of(self, role: str) -> list[Action]:
        """Return what a role can allow. On what, and under which conditions, its policies say."""
        return [action for action in Action if self._library.templates_of(role, action)]

    def require_sound(self, granted: Granted) -> None:
        """Raise unless decisions can rest on ``granted``: one unsound binding would stop them all."""
        Authorizer(self._library, [_binding(granted)], [])

    def _authorizer(self, tx: Transaction) -> Authorizer:
        version = queries.version(tx)
        state = self._state
        if state is None or state.version != version:
            with self._loading:
                state = self._state = _State(version, self._load(tx))
        return state.authorizer

    def _load(self, tx: Transaction) -> Authorizer:
        known = [
            Place(place.id, place.name, place.environment.value, place.separation_of_duties)
            for place in places.listed(tx)
        ]
        return Authorizer(self._library, [_binding(one) for one in queries.granted(tx)], known)


def _binding(granted: Granted) -> Binding:
    return Binding(
        id=granted.id,
        subject_kind=ActorKind(granted.subject_kind),
        subject=granted.subject_id,
        role=granted.role,
        workspace=granted.workspace,
        resource_kind=granted.resource_kind,
        resource=granted.resource_id,
    )
