"""What can be wrong with a role somebody holds."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

BINDING_UNKNOWN = Fault(
    "govern.binding_unknown",
    FaultKind.NOT_FOUND,
    "there is no such role binding",
    "List the bindings with `tenuto access list`.",
)
QUESTION_INVALID = Fault(
    "govern.question_invalid",
    FaultKind.INVALID,
    "nobody can be asked whether that may be",
    "Ask for an action that there is, on a kind of resource that it is about; the detail names what is known.",
)
LAST_OWNER = Fault(
    "govern.last_owner",
    FaultKind.CONFLICT,
    "the last owner of the organisation cannot be taken away",
    "Make somebody else owner first.",
)
HELD_TOO_LITTLE = Fault(
    "govern.held_too_little",
    FaultKind.FORBIDDEN,
    "nobody gives more than they hold themselves",
    "Ask somebody who holds that role there, or an owner.",
)
BINDING_DECLARED = Fault(
    "govern.binding_declared",
    FaultKind.CONFLICT,
    "another document declares the same role of the same subject",
    "Keep one of the two; the detail names the one that is there.",
)
