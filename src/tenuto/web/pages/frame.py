"""What the frame of every page tells: the workspace, what waits, and what must never be overlooked."""

from __future__ import annotations

from tenuto.govern.approvals.words import ApprovalState
from tenuto.registry import use_cases as registry
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.place import Standing, allowed, scope_in, standing
from tenuto.web.ports import FrameFacts, Notice
from tenuto.web.words import Call

APPROVALS = "/approvals"


class ConsoleFrame:
    def facts(self, call: Call) -> FrameFacts:
        stands = standing(call)
        if stands.here is None:
            return FrameFacts(notices=_notices(stands))
        return FrameFacts(
            workspace=stands.here.name,
            environment=stands.here.environment.value,
            counts={APPROVALS: _waiting(call, stands)},
            notices=_notices(stands),
            workspaces=tuple(place.name for place in stands.places),
        )


def _waiting(call: Call, stands: Standing) -> int:
    assert stands.here is not None
    scope = scope_in(call, stands.here)
    if not allowed(call, scope, "registry:approval:read", "Approval"):
        return 0
    return len(registry.pending(services_of(call).desk, scope, state=ApprovalState.WAITING))


def _notices(stands: Standing) -> tuple[Notice, ...]:
    joined = [place.name for place in stands.places if not place.separation_of_duties]
    return (Notice("frame.duties_joined", {"names": ", ".join(joined)}),) if joined else ()
