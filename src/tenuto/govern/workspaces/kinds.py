"""``Workspace`` as a declared thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event
from tenuto.govern.access import queries as access
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.workspaces import queries
from tenuto.govern.workspaces.errors import DUTIES_NOT_SEPARABLE, ENVIRONMENT_FIXED, WORKSPACE_STAYS
from tenuto.govern.workspaces.words import Environment, Workspace

if TYPE_CHECKING:
    from tenuto.govern.use_case import Case


class WorkspaceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place to work in, with exactly one environment.

    ``separation_of_duties`` may be switched off outside production only; the console then says so loudly.
    """

    environment: Environment
    project: str = "default"
    separation_of_duties: bool = True


def _admit(case: Case, new: Declared[WorkspaceSpec], old: Declared[WorkspaceSpec] | None) -> Sequence[Event]:
    spec = new.spec
    if spec.environment is Environment.PRODUCTION and not spec.separation_of_duties:
        raise TenutoError(DUTIES_NOT_SEPARABLE, new.name)
    if old is not None and old.spec.environment is not spec.environment:
        raise TenutoError(ENVIRONMENT_FIXED, f"{new.name} is {old.spec.environment.value}")
    place = Workspace(new.id, new.name, spec.project, spec.environment, spec.separation_of_duties)
    if old is None:
        queries.insert(case.tx, place)
    else:
        queries.update(case.tx, place)
    access.moved_on(case.tx)
    return _events(place, old)


def _events(place: Workspace, old: Declared[WorkspaceSpec] | None) -> Sequence[Event]:
    was_separated = old is None or old.spec.separation_of_duties
    if was_separated and not place.separation_of_duties:
        return [Event("workspace.duties_joined", place.id, {"name": place.name})]
    return []


def _remove(_case: Case, old: Declared[Any]) -> Sequence[Event]:
    raise TenutoError(WORKSPACE_STAYS, old.name)


WORKSPACE = Kind(
    name="Workspace",
    level=Level.ORGANISATION,
    spec=WorkspaceSpec,
    summary="A place to work in: its environment decides how strict it is.",
    order=10,
    admit=_admit,
    remove=_remove,
)
