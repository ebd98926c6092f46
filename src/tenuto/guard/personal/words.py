"""The words of personal data: what is looked for, what was found, and on what evidence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

import msgspec


class Entity(StrEnum):
    """What can be found. The value is the stem of its placeholder: ``<EMAIL_1>``.

    A ``StrEnum`` because policies are looked up by entity on every call, and text hashes ten times faster.
    """

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IBAN = "IBAN"
    CARD = "CARD"
    NIR = "NIR"  # French social security number, with its key
    SIRET = "SIRET"  # French establishment, 14 digits
    SIREN = "SIREN"  # French company or sole trader, 9 digits


class Evidence(Enum):
    """Why a finding is one, from weak to strong."""

    FORMAT = 1
    CONTEXT = 2  # the format, and a word nearby that names it
    CHECKSUM = 3


class Severity(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class EntityRule(msgspec.Struct, frozen=True):
    """How one entity is treated. Findings that score below ``threshold`` (0 to 1) are dropped."""

    severity: Severity
    threshold: float = 0.5


class Treatment(Enum):
    """What happens to what was found."""

    MASK = "mask"
    BLOCK = "block"
    ALLOW = "allow"


class Policy(msgspec.Struct, frozen=True):
    """Which entities are looked for, and what happens to them; they are masked unless ``treatments`` say else.

    An entity without a rule is switched off. One that is allowed is looked for still, so that a part of it is not
    taken for something else.
    """

    rules: Mapping[Entity, EntityRule]
    treatments: Mapping[Entity, Treatment] = {}


DEFAULT_POLICY = Policy(
    {
        Entity.EMAIL: EntityRule(Severity.MEDIUM),
        Entity.PHONE: EntityRule(Severity.MEDIUM),
        Entity.IBAN: EntityRule(Severity.HIGH),
        Entity.CARD: EntityRule(Severity.HIGH),
        Entity.NIR: EntityRule(Severity.HIGH),
        Entity.SIRET: EntityRule(Severity.LOW),
        Entity.SIREN: EntityRule(Severity.LOW),
    }
)


class Finding(msgspec.Struct, frozen=True):
    """A stretch ``text[start:end]`` of the text as it was given. Holds no copy of the value itself."""

    entity: Entity
    start: int
    end: int
    score: float  # 0 to 1; compared with the rule's threshold
    evidence: Evidence
