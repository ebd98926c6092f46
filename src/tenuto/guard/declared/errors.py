"""What can be wrong with a declared guardrail policy."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

GUARDRAIL_INVALID = Fault(
    "guard.guardrail_invalid",
    FaultKind.INVALID,
    "the guardrail policy cannot be kept as declared",
    "Name routes of this workspace, or none for all of them; declare a route before the policy that names it.",
)
