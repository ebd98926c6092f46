"""What can be wrong with money."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

BUDGET_EXHAUSTED = Fault(
    "spend.budget_exhausted",
    FaultKind.BUDGET,
    "a budget does not cover this call",
    "Ask the budget's owner to raise it, or wait for its next period; the detail names the budget.",
)
BUDGET_INVALID = Fault(
    "spend.budget_invalid",
    FaultKind.INVALID,
    "the budget cannot be kept as declared",
    "Correct the field that the detail names.",
)
PRICE_INVALID = Fault(
    "spend.price_invalid",
    FaultKind.INVALID,
    "the price cannot be used as declared",
    'Give amounts as decimal text, for instance "0.15", per million tokens and not negative.',
)
NOT_RESERVED = Fault(
    "spend.not_reserved",
    FaultKind.INTERNAL,
    "a call was settled that nobody reserved",
    "This is a defect of Tenuto; report it with the request id.",
)
CALL_UNKNOWN = Fault(
    "spend.call_unknown",
    FaultKind.NOT_FOUND,
    "the ledger of this workspace has no such call",
    "Check the request id; a call is entered when it has ended, and stays in the workspace of its key.",
)
