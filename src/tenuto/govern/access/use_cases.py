"""Give and take roles, and say why somebody may or may not."""

from __future__ import annotations

from difflib import get_close_matches

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.access import queries
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.errors import QUESTION_INVALID
from tenuto.govern.access.queries import Granted
from tenuto.govern.access.rules import require_held
from tenuto.govern.access.subjects import subject_of
from tenuto.govern.actions import Action
from tenuto.govern.policy import Explanation
from tenuto.govern.resources import queries as resources
from tenuto.govern.use_case import Case, use_case


@use_case("govern:role_binding:grant")
def grant(
    case: Case,
    *,
    decider: CedarDecider,
    subject_kind: str,
    subject: str,
    role: str,
    resource_kind: str | None = None,
    resource_id: str | None = None,
) -> Granted:
    """Give a role in this scope (the organisation, or one workspace), or on one object of it."""
    actor = subject_of(case.tx, subject_kind, subject)
    granted = Granted(
        id=case.ids.new(),
        subject_kind=subject_kind,
        subject_id=actor.id,
        role=role,
        workspace=case.scope.workspace,
        resource_kind=resource_kind,
        resource_id=resource_id,
        created_by=case.scope.actor.id,
    )
    case.permit(granted.ref)
    decider.require_sound(granted)
    require_held(queries.held_by(case.tx, case.scope.actor), granted)
    queries.grant(case.tx, granted)
    detail = {"role": role, "subject": actor.name, "subject_id": actor.id}
    case.record(granted.ref, detail, [Event("access.changed", granted.id)])
    return granted


@use_case("govern:role_binding:revoke")
def revoke(case: Case, *, binding_id: str) -> Granted:
    """Take a role away. It is gone for the very next question that is asked, and so is its declaration."""
    granted = queries.find(case.tx, binding_id)
    case.enter(granted.workspace)
    case.permit(granted.ref)
    queries.revoke(case.tx, binding_id)
    declared = resources.by_id(case.tx, binding_id)
    if declared is not None:
        resources.delete(case.tx, declared.gone(case.scope.actor, case.clock.now()))
    queries.require_an_owner(case.tx)
    detail = {"role": granted.role, "subject_id": granted.subject_id}
    case.record(granted.ref, detail, [Event("access.changed", granted.id)])
    return granted


@use_case("govern:role_binding:read", mutating=False)
def bindings(case: Case) -> list[Granted]:
    case.permit(Ref("RoleBinding", "*", "", case.scope.workspace))
    return [one for one in queries.granted(case.tx) if case.may(one.ref)]


@use_case("govern:policy:explain")
def explain(
    case: Case, *, decider: CedarDecider, subject_kind: str, subject: str, action: str, resource: Ref
) -> Explanation:
    """Say what the platform would answer somebody, by which rule, and which roles would allow it."""
    place = Ref(
        "Workspace" if case.scope.workspace else "Organisation", case.scope.workspace or "organisation"
    )
    case.permit(place)
    _require_askable(action, resource)
    actor = subject_of(case.tx, subject_kind, subject)
    explanation = decider.explain(case.tx, actor, action, resource)
    detail = {"subject": actor.name, "asked": action, "resource": f"{resource.kind}/{resource.id}"}
    case.record(place, detail)
    return explanation


def _require_askable(action: str, resource: Ref) -> None:
    kinds = {str(one.value): one.kinds for one in Action}
    if action not in kinds:
        nearest = get_close_matches(action, kinds, n=1)
        hint = f"did you mean `{nearest[0]}`?" if nearest else "an action is `area:resource:verb`"
        raise TenutoError(QUESTION_INVALID, f"`{action}`: {hint}")
    if resource.kind not in kinds[action]:
        raise TenutoError(QUESTION_INVALID, f"`{action}` is about {', '.join(kinds[action])}")
