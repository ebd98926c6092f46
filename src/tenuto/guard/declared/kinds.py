"""``GuardrailPolicy`` as a declared thing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.use_case import Case
from tenuto.guard.declared.errors import GUARDRAIL_INVALID
from tenuto.guard.personal.words import Treatment

GUARDRAIL_POLICY = "GuardrailPolicy"


class PersonalData(Enum):
    """What can be found in a text."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    NIR = "nir"
    SIRET = "siret"
    SIREN = "siren"


class GuardrailPolicySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to personal data in the calls of this workspace, or of the named ``routes`` only.

    Each kind is masked on its way out and put back into the answer (`mask`), refused together with its call
    (`block`), or sent as it is (`allow`); ``otherwise`` is for the kinds that are not named. A policy that names a
    route goes before those for all routes; among several of a sort the strictest word on each kind holds. Where
    a policy holds, `protect_personal_data` of the route has no say.
    """

    personal_data: dict[PersonalData, Treatment] = {}
    otherwise: Treatment = Treatment.MASK
    routes: tuple[str, ...] = ()


def _admit(
    case: Case, new: Declared[GuardrailPolicySpec], _old: Declared[GuardrailPolicySpec] | None
) -> Sequence[Event]:
    known = {stored.name for stored in resources.listed(case.tx, "Route")}
    unknown = [name for name in new.spec.routes if name not in known]
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise TenutoError(GUARDRAIL_INVALID, f"{new.name}: no route `{unknown[0]}`; declared: {there}")
    return ()


KIND = Kind(
    name=GUARDRAIL_POLICY,
    level=Level.WORKSPACE,
    spec=GuardrailPolicySpec,
    summary="What happens to personal data in model calls: masked, blocked or allowed, kind by kind.",
    order=45,  # behind the routes that it names
    admit=_admit,
)
