"""What the frame of every page tells: the workspace, what waits, and what must never be overlooked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref, Scope
from tenuto.govern.access.asking import may_each, owners, why_me
from tenuto.govern.actions import action_named
from tenuto.govern.approvals.words import ApprovalState
from tenuto.govern.errors import NOT_ALLOWED
from tenuto.govern.workspaces.words import Workspace
from tenuto.registry import use_cases as registry
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.account import ACCOUNT
from tenuto.web.pages.place import Standing, allowed, scope_in, standing
from tenuto.web.ports import Door, FrameFacts, MissingRight, Notice
from tenuto.web.words import Call

APPROVALS = "/approvals"
_OF_THE_ORGANISATION = frozenset(
    {"Organisation", "Person", "ServiceAccount", "Provider", "Secret", "AuditLog"}
)


class ConsoleFrame:
    def facts(self, call: Call) -> FrameFacts:
        stands = standing(call)
        if stands.here is None:
            return FrameFacts(notices=_notices(stands), account=ACCOUNT)
        return FrameFacts(
            workspace=stands.here.name,
            environment=stands.here.environment.value,
            counts={APPROVALS: _waiting(call, stands)},
            notices=_notices(stands),
            workspaces=tuple(place.name for place in stands.places),
            account=ACCOUNT,
        )

    def closed(self, call: Call, doors: Sequence[Door]) -> Collection[str]:
        """A page is open to whoever has its right in the workspace one stands in or in the organisation."""
        here = standing(call).here
        scopes = [organisation_scope(call), *([scope_in(call, here)] if here else [])]
        shut = {door.path for door in doors}
        for scope in scopes:
            asked = [(door.action, Ref(door.kind, "*", "*", scope.workspace)) for door in doors]
            answers = may_each(services_of(call).desk, scope, asked)
            shut -= {door.path for door, open_ in zip(doors, answers, strict=True) if open_}
        return shut

    def missing_right(self, call: Call, error: TenutoError) -> MissingRight | None:
        if error.fault is not NOT_ALLOWED:
            return None
        services, here, action = services_of(call), standing(call).here, error.context["action"]
        kind = _kind(action, error.context["resource"])
        scope = _scope(call, here, kind)
        asked = Ref(kind, "*", "*", scope.workspace)
        roles = why_me(services.desk, scope, services.decider, action, asked).would_allow
        place = here.name if here and scope.workspace else ""
        return MissingRight(action, place, roles, tuple(owners(services.desk, scope)))


def _kind(action: str, resource: str) -> str:
    """Return the kind of a resource as errors name it, if the action is about it; else one that it is about."""
    kinds = action_named(action).kinds
    named = resource.partition("/")[0]
    return named if named in kinds else kinds[0]


def _scope(call: Call, here: Workspace | None, kind: str) -> Scope:
    return scope_in(call, here) if here and kind not in _OF_THE_ORGANISATION else organisation_scope(call)


def _waiting(call: Call, stands: Standing) -> int:
    assert stands.here is not None
    scope = scope_in(call, stands.here)
    if not allowed(call, scope, "registry:approval:read", "Approval"):
        return 0
    return len(registry.pending(services_of(call).desk, scope, state=ApprovalState.WAITING))


def _notices(stands: Standing) -> tuple[Notice, ...]:
    joined = [place.name for place in stands.places if not place.separation_of_duties]
    return (Notice("frame.duties_joined", {"names": ", ".join(joined)}),) if joined else ()
