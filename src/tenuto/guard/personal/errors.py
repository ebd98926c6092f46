"""What a policy on personal data does not let through."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

PERSONAL_DATA_BLOCKED = Fault(
    "guard.personal_data_blocked",
    FaultKind.FORBIDDEN,
    "the request holds personal data that must not be sent",
    "Take out what the detail names, or ask for another guardrail policy on this route.",
)
