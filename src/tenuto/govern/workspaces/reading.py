"""What somebody sees of the organisation and its workspaces."""

from __future__ import annotations

import msgspec

from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces import queries
from tenuto.govern.workspaces.words import Organisation, Workspace

_READ = "govern:resource:read"


class Surroundings(msgspec.Struct, frozen=True):
    """The organisation (None before it was founded), and those of its workspaces that the actor may see."""

    organisation: Organisation | None
    places: tuple[Workspace, ...]


def surroundings(desk: Desk, scope: Scope) -> Surroundings:
    """Return what stands around the actor. Like every filter of a list it leaves no record."""
    with desk.database.begin(msgspec.structs.replace(scope, workspace=None)) as tx:
        seen = [place for place in queries.listed(tx) if desk.decider.allows(tx, _READ, place.ref)]
        return Surroundings(queries.the_organisation(tx), tuple(seen))
