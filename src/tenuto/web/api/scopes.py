"""Where a request works: the workspace it names, by id or by name."""

from __future__ import annotations

from typing import cast

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.core.words import Scope
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.errors import WORKSPACE_NEEDED
from tenuto.web.services import Services
from tenuto.web.words import Call


def services_of(call: Call) -> Services:
    return cast("Services", call.services)


def organisation_scope(call: Call) -> Scope:
    """The scope of what belongs to the organisation, whatever workspace the caller stands in."""
    return msgspec.structs.replace(call.scope, workspace=None)


def any_scope(call: Call) -> Scope:
    """The named workspace, or the organisation when none is named."""
    named = call.workspace
    if not named:
        return organisation_scope(call)
    find = places.by_id if is_id(named) else places.by_name
    with services_of(call).desk.database.begin(organisation_scope(call)) as tx:
        return msgspec.structs.replace(call.scope, workspace=find(tx, named).id)


def workspace_scope(call: Call) -> Scope:
    """The named workspace. Raises when the request names none."""
    scope = any_scope(call)
    if scope.workspace is None:
        raise TenutoError(WORKSPACE_NEEDED)
    return scope
