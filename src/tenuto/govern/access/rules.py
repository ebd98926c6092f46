"""Who may hand a role on."""

from __future__ import annotations

from collections.abc import Iterable

from tenuto.core.errors import TenutoError
from tenuto.govern.access.errors import HELD_TOO_LITTLE
from tenuto.govern.access.queries import OWNER, Granted


def require_held(own: Iterable[Granted], wanted: Granted) -> None:
    """Raise unless one of ``own`` is the wanted role, or owner, wherever the wanted one reaches.

    It holds whatever policies say: a policy that lets somebody give roles does not make them owner.
    """
    if not any(held.role in {OWNER, wanted.role} and _reaches(held, wanted) for held in own):
        raise TenutoError(HELD_TOO_LITTLE, f"the role {wanted.role}, or {OWNER}, is needed there to give it")


def _reaches(held: Granted, wanted: Granted) -> bool:
    if held.workspace is not None and held.workspace != wanted.workspace:
        return False
    one = (held.resource_kind, held.resource_id)
    return held.resource_kind is None or one == (wanted.resource_kind, wanted.resource_id)
