"""Give and take roles, and say why somebody may or may not."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, ActorKind, Event, Ref
from tenuto.govern.access import queries
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.errors import LAST_OWNER
from tenuto.govern.access.queries import Granted
from tenuto.govern.identities import queries as identities
from tenuto.govern.policy import Explanation
from tenuto.govern.use_case import Case, use_case

_OWNER = "owner"


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
    decider.require_role(role)
    actor = _subject(case, subject_kind, subject)
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
    case.permit(_ref(granted))
    queries.grant(case.tx, granted)
    detail = {"role": role, "subject": actor.name, "subject_id": actor.id}
    case.record(_ref(granted), detail, [Event("access.changed", granted.id)])
    return granted


@use_case("govern:role_binding:revoke")
def revoke(case: Case, *, binding_id: str) -> Granted:
    """Take a role away. It is gone for the very next question that is asked."""
    granted = queries.find(case.tx, binding_id)
    case.permit(_ref(granted))
    if granted.role == _OWNER and granted.workspace is None and _owners(case) == 1:
        raise TenutoError(LAST_OWNER)
    queries.revoke(case.tx, binding_id)
    detail = {"role": granted.role, "subject_id": granted.subject_id}
    case.record(_ref(granted), detail, [Event("access.changed", granted.id)])
    return granted


@use_case("govern:role_binding:read", mutating=False)
def bindings(case: Case) -> list[Granted]:
    case.permit(Ref("RoleBinding", "*", "", case.scope.workspace))
    return [one for one in queries.granted(case.tx) if case.may(_ref(one))]


@use_case("govern:policy:explain")
def explain(
    case: Case, *, decider: CedarDecider, subject_kind: str, subject: str, action: str, resource: Ref
) -> Explanation:
    """Say what the platform would answer somebody, by which rule, and which roles would allow it."""
    place = Ref(
        "Workspace" if case.scope.workspace else "Organisation", case.scope.workspace or "organisation"
    )
    case.permit(place)
    actor = _subject(case, subject_kind, subject)
    explanation = decider.explain(case.tx, actor, action, resource)
    detail = {"subject": actor.name, "asked": action, "resource": f"{resource.kind}/{resource.id}"}
    case.record(place, detail)
    return explanation


def _subject(case: Case, kind: str, name: str) -> Actor:
    """Find a person by e-mail address or id, a service account by name."""
    if ActorKind(kind) is ActorKind.SERVICE_ACCOUNT:
        return identities.account_by_name(case.tx, name).actor
    known = identities.person_by_email(case.tx, name.strip().lower())
    return known[0].actor if known else identities.person_by_id(case.tx, name).actor


def _owners(case: Case) -> int:
    return sum(1 for one in queries.granted(case.tx) if one.role == _OWNER and one.workspace is None)


def _ref(granted: Granted) -> Ref:
    return Ref("RoleBinding", granted.id, granted.role, granted.workspace)
