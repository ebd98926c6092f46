"""Questions about rights that change nothing and leave no record."""

from __future__ import annotations

from tenuto.core.words import Ref, Scope
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.policy import Explanation
from tenuto.govern.use_case import Desk


def may(desk: Desk, scope: Scope, action: str, resource: Ref) -> bool:
    """Tell whether the actor may, so that nobody is offered what would be refused.

    It is no permission: whatever is done asks again, on the object as loaded, and records the answer.
    """
    with desk.database.begin(scope) as tx:
        return desk.decider.allows(tx, action, resource)


def why_me(desk: Desk, scope: Scope, decider: CedarDecider, action: str, resource: Ref) -> Explanation:
    """Say what the actor would be answered, and why. Nobody needs a right to ask that about themselves."""
    with desk.database.begin(scope) as tx:
        return decider.explain(tx, scope.actor, action, resource)
