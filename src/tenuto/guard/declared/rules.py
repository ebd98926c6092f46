"""Which declared policies hold for a route, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tenuto.guard.declared.kinds import GuardrailPolicySpec, PersonalData
from tenuto.guard.personal.words import Treatment

_STRICTNESS = (Treatment.ALLOW, Treatment.MASK, Treatment.BLOCK)


class Combined(msgspec.Struct, frozen=True):
    """What holds for a route: by which policies, and for each kind of personal data."""

    policies: tuple[str, ...]
    treatments: dict[str, str]


def combined(policies: Mapping[str, GuardrailPolicySpec], route: str) -> Combined | None:
    """Return what the policies of a workspace, by name, come to for one of its routes; None if none holds."""
    named = {name: spec for name, spec in policies.items() if route in spec.routes}
    holding = named or {name: spec for name, spec in policies.items() if not spec.routes}
    if not holding:
        return None
    treatments = {
        kind.name: max(
            (spec.personal_data.get(kind, spec.otherwise) for spec in holding.values()),
            key=_STRICTNESS.index,
        ).value
        for kind in PersonalData
    }
    return Combined(tuple(sorted(holding)), treatments)
