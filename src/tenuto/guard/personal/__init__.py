"""Personal data in text: found, masked with stable placeholders, restored in the answer.

    masked = mask(["Call 06 12 34 56 78"], DEFAULT_POLICY)   # masked.texts == ("Call <PHONE_1>",)
    masked.restore("I rang <PHONE_1>")                       # "I rang 06 12 34 56 78"

Names, addresses and dates of birth are not found: `docs/how-to/personal-data.md` says what is and how well.
"""

from tenuto.guard.personal.masking import Masked, mask
from tenuto.guard.personal.restoring import StreamRestorer
from tenuto.guard.personal.rules import find
from tenuto.guard.personal.words import (
    DEFAULT_POLICY,
    Entity,
    EntityRule,
    Evidence,
    Finding,
    Policy,
    Severity,
    Treatment,
)

__all__ = [
    "DEFAULT_POLICY",
    "Entity",
    "EntityRule",
    "Evidence",
    "Finding",
    "Masked",
    "Policy",
    "Severity",
    "StreamRestorer",
    "Treatment",
    "find",
    "mask",
]
