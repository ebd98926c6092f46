"""Questions about rights that change nothing and leave no record."""

from __future__ import annotations

from collections.abc import Iterable

from tenuto.core.words import ActorKind, Ref, Scope
from tenuto.govern.access import queries
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.identities import queries as identities
from tenuto.govern.policy import Explanation
from tenuto.govern.use_case import Desk


def may(desk: Desk, scope: Scope, action: str, resource: Ref) -> bool:
    """Tell whether the actor may, so that nobody is offered what would be refused.

    It is no permission: whatever is done asks again, on the object as loaded, and records the answer.
    """
    with desk.database.begin(scope) as tx:
        return desk.decider.allows(tx, action, resource)


def may_each(desk: Desk, scope: Scope, questions: Iterable[tuple[str, Ref]]) -> list[bool]:
    """Tell the same of several things at once, in their order."""
    with desk.database.begin(scope) as tx:
        return [desk.decider.allows(tx, action, resource) for action, resource in questions]


def owners(desk: Desk, scope: Scope) -> list[str]:
    """Return the names of the people who own this workspace or the organisation.

    Nobody needs a right to learn whom to ask for one.
    """
    with desk.database.begin(scope) as tx:
        owning = {
            one.subject_id
            for one in queries.granted(tx)
            if one.role == queries.OWNER
            and one.subject_kind == ActorKind.PERSON.value
            and one.workspace in (None, scope.workspace)
            and one.resource_id is None
        }
        return [person.name for person in identities.people(tx) if person.active and person.id in owning]


def why_me(desk: Desk, scope: Scope, decider: CedarDecider, action: str, resource: Ref) -> Explanation:
    """Say what the actor would be answered, and why. Nobody needs a right to ask that about themselves."""
    with desk.database.begin(scope) as tx:
        return decider.explain(tx, scope.actor, action, resource)
