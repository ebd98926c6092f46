"""``RoleBinding`` as a declared thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event
from tenuto.govern.access import queries
from tenuto.govern.access.errors import BINDING_DECLARED
from tenuto.govern.access.queries import Granted
from tenuto.govern.access.rules import require_held
from tenuto.govern.access.subjects import subject_of
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.use_case import Case

ROLE_BINDING = "RoleBinding"
GRANT, REVOKE = "govern:role_binding:grant", "govern:role_binding:revoke"


Soundness = Callable[[Granted], None]
"""Raises unless decisions can rest on a binding."""


class SubjectKind(Enum):
    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"


class RoleBindingSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role that somebody holds: in the workspace that the document names, or without one everywhere.

    ``subject`` is a person's e-mail address or a service account's name. ``resource_kind`` and ``resource_id``
    narrow the role to one object. Nobody declares a role that they do not hold themselves, unless as owner.
    """

    subject: str
    role: str
    subject_kind: SubjectKind = SubjectKind.PERSON
    resource_kind: str | None = None
    resource_id: str | None = None


def kind(require_sound: Soundness) -> Kind:
    """Return the kind. Its hooks ask for the same rights as the verbs that give and take roles."""

    def admit(
        case: Case, new: Declared[RoleBindingSpec], old: Declared[RoleBindingSpec] | None
    ) -> Sequence[Event]:
        granted = _granted(case, new)
        require_sound(granted)
        case.permit(granted.ref, GRANT)
        require_held(queries.held_by(case.tx, case.scope.actor), granted)
        _make_room(case, granted)
        if old is not None:
            queries.revoke(case.tx, old.id)
        queries.grant(case.tx, granted)
        queries.require_an_owner(case.tx)
        return [Event("access.changed", granted.id)]

    return Kind(
        name=ROLE_BINDING,
        level=Level.EITHER,
        spec=RoleBindingSpec,
        summary="A role that somebody holds, in a workspace or everywhere.",
        order=90,  # last, so that nobody who applies files loses a role in the middle
        admit=admit,
        remove=_remove,
    )


def _remove(case: Case, old: Declared[Any]) -> Sequence[Event]:
    granted = queries.find(case.tx, old.id)
    case.permit(granted.ref, REVOKE)
    queries.revoke(case.tx, granted.id)
    queries.require_an_owner(case.tx)
    return [Event("access.changed", granted.id)]


def _granted(case: Case, new: Declared[RoleBindingSpec]) -> Granted:
    spec = new.spec
    return Granted(
        id=new.id,
        subject_kind=spec.subject_kind.value,
        subject_id=subject_of(case.tx, spec.subject_kind.value, spec.subject).id,
        role=spec.role,
        workspace=new.workspace,
        resource_kind=spec.resource_kind,
        resource_id=spec.resource_id,
        created_by=case.scope.actor.id,
    )


def _make_room(case: Case, granted: Granted) -> None:
    """Take over the same role given by hand; refuse it if another document declares it."""
    twin = queries.twin_of(case.tx, granted)
    if twin is None:
        return
    declared = resources.by_id(case.tx, twin.id)
    if declared is not None:
        raise TenutoError(BINDING_DECLARED, f"{ROLE_BINDING}/{declared.name}")
    queries.revoke(case.tx, twin.id)
