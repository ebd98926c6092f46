"""Try an endpoint. The prediction itself is asked for outside any transaction."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.errors import RESOURCE_UNKNOWN
from tenuto.govern.use_case import Case, use_case


@use_case("serving:endpoint:invoke")
def endpoint_to_try(case: Case, *, name: str) -> None:
    """Let the actor ask an endpoint of this workspace for one prediction, and record that it was asked."""
    stored = resources.find(case.tx, "Endpoint", name)
    if stored is None:
        raise TenutoError(RESOURCE_UNKNOWN, f"Endpoint/{name}")
    ref = Ref("Endpoint", stored.id, stored.name, stored.workspace)
    case.permit(ref)
    case.record(ref, {"trial": True, "version": stored.version})
