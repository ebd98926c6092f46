"""Give and take roles, and say why somebody may or may not."""

from __future__ import annotations

from difflib import get_close_matches

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.core.words import Actor, ActorKind, Event, Ref
from tenuto.govern.access import queries
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.errors import QUESTION_INVALID
from tenuto.govern.access.queries import Granted
from tenuto.govern.actions import Action
from tenuto.govern.errors import BINDING_INVALID
from tenuto.govern.identities import queries as identities
from tenuto.govern.identities.errors import PERSON_UNKNOWN
from tenuto.govern.policy import Explanation
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
    decider.require_sound(granted)
    queries.grant(case.tx, granted)
    detail = {"role": role, "subject": actor.name, "subject_id": actor.id}
    case.record(_ref(granted), detail, [Event("access.changed", granted.id)])
    return granted


@use_case("govern:role_binding:revoke")
def revoke(case: Case, *, binding_id: str) -> Granted:
    """Take a role away. It is gone for the very next question that is asked."""
    granted = queries.find(case.tx, binding_id)
    case.permit(_ref(granted))
    queries.revoke(case.tx, binding_id)
    queries.require_an_owner(case.tx)
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
    _require_askable(action, resource)
    actor = _subject(case, subject_kind, subject)
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


def _subject(case: Case, kind: str, name: str) -> Actor:
    """Find a person by e-mail address or id, a service account by name."""
    if kind == ActorKind.SERVICE_ACCOUNT.value:
        return identities.account_by_name(case.tx, name).actor
    if kind != ActorKind.PERSON.value:
        raise TenutoError(BINDING_INVALID, f"{kind}: roles are for persons and service accounts")
    known = identities.person_by_email(case.tx, name.strip().lower())
    if known is not None:
        return known[0].actor
    if not is_id(name):
        raise TenutoError(PERSON_UNKNOWN, name)
    return identities.person_by_id(case.tx, name).actor


def _ref(granted: Granted) -> Ref:
    return Ref("RoleBinding", granted.id, granted.role, granted.workspace)
