"""The words of permission."""

from __future__ import annotations

import msgspec

from tenuto.core.words import ActorKind, Ref, Verdict

PRODUCTION = "production"


class Place(msgspec.Struct, frozen=True):
    """A workspace as policies see it. Unless it says otherwise it is as strict as a workspace can be."""

    id: str
    name: str
    environment: str = PRODUCTION
    separation_of_duties: bool = True


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """``subject`` has ``role`` in the organisation, in one workspace, or on one resource.

    With a ``resource`` it reaches that one only, and only in ``workspace`` if that is given too: ids of some
    kinds are names, which another workspace may use again. With neither it reaches the whole organisation.
    """

    id: str
    subject_kind: ActorKind
    subject: str
    role: str
    workspace: str | None = None
    resource_kind: str | None = None
    resource: str | None = None

    def reaches(self, resource: Ref, workspace: str | None) -> bool:
        """Tell whether ``resource``, which lies in ``workspace``, is in the scope of the binding."""
        if self.workspace is not None and self.workspace != workspace:
            return False
        return self.resource is None or (self.resource_kind, self.resource) == (resource.kind, resource.id)


class Considered(msgspec.Struct, frozen=True):
    """One binding of the actor, and what came of it."""

    binding: Binding
    grants: bool
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """A verdict with everything that was looked at. ``would_allow`` names the roles that allow the action here.

    ``for_oneself`` is what holds of the actor's own things, where that is another answer.
    """

    verdict: Verdict
    considered: tuple[Considered, ...]
    would_allow: tuple[str, ...]
    for_oneself: Verdict | None = None
