"""Where a reader of the console is: the workspace of the cookie, else the first one there is."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref, Scope
from tenuto.govern.access.asking import may
from tenuto.govern.workspaces.errors import WORKSPACE_NEEDED
from tenuto.govern.workspaces.reading import surroundings
from tenuto.govern.workspaces.words import Workspace
from tenuto.web.api.scopes import services_of
from tenuto.web.words import Call


class Standing(msgspec.Struct, frozen=True):
    """``here`` is None while the reader may see no workspace."""

    places: tuple[Workspace, ...]
    here: Workspace | None
    currency: str = "EUR"


def standing(call: Call) -> Standing:
    around = surroundings(services_of(call).desk, call.scope)
    here = next((place for place in around.places if call.workspace in (place.name, place.id)), None)
    first = around.places[0] if around.places else None
    currency = around.organisation.currency if around.organisation else "EUR"
    return Standing(around.places, here or first, currency)


def scope_in(call: Call, place: Workspace) -> Scope:
    return msgspec.structs.replace(call.scope, workspace=place.id)


def working_scope(call: Call) -> Scope:
    """Return the scope of the workspace one stands in. Raises while there is none."""
    here = standing(call).here
    if here is None:
        raise TenutoError(WORKSPACE_NEEDED)
    return scope_in(call, here)


def allowed(call: Call, scope: Scope, action: str, kind: str, name: str = "*") -> bool:
    """Tell whether to offer something here. What is offered is asked for again when it is done."""
    return may(services_of(call).desk, scope, action, Ref(kind, name, name, scope.workspace))
