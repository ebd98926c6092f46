"""Personal data out of prompts, and back into answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.ports import Protected
from tenuto.gateway.words.routing import Protection
from tenuto.guard.declared.reading import protections
from tenuto.guard.personal import DEFAULT_POLICY, Entity, Policy, Treatment, mask
from tenuto.guard.personal.errors import PERSONAL_DATA_BLOCKED
from tenuto.store.database import Transaction


class PersonalDataGuard:
    def protect(self, texts: Sequence[str], protection: Protection) -> Protected:
        try:
            return mask(texts, _policy(tuple(protection.treatments.items())))
        except TenutoError as error:
            if error.fault is not PERSONAL_DATA_BLOCKED:
                raise
            detail = f"{error.detail} (GuardrailPolicy {', '.join(protection.policies)})"
            raise TenutoError(error.fault, detail) from None


def declared_protections(tx: Transaction) -> Callable[[str, str], Protection | None]:
    """Return what the declared policies come to, in the gateway's words."""
    combined = protections(tx)

    def protection_of(workspace: str, route: str) -> Protection | None:
        holding = combined(workspace, route)
        return None if holding is None else Protection(holding.policies, holding.treatments)

    return protection_of


@lru_cache(maxsize=256)
def _policy(treatments: tuple[tuple[str, str], ...]) -> Policy:
    """Return the policy of a route; the treatments are those of its snapshot, so there are few."""
    chosen = {Entity(kind): Treatment(treatment) for kind, treatment in treatments}
    return msgspec.structs.replace(DEFAULT_POLICY, treatments=chosen)
