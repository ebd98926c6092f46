"""What can be wrong with a place."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

WORKSPACE_UNKNOWN = Fault(
    "govern.workspace_unknown",
    FaultKind.NOT_FOUND,
    "there is no such workspace",
    "List the workspaces with `tenuto get Workspace`, or declare this one first.",
)
WORKSPACE_NEEDED = Fault(
    "govern.workspace_needed",
    FaultKind.INVALID,
    "the request does not say in which workspace",
    "Name the workspace: `--workspace NAME`, or the header `tenuto-workspace`.",
)
DUTIES_NOT_SEPARABLE = Fault(
    "govern.duties_not_separable",
    FaultKind.INVALID,
    "separation of duties cannot be switched off in production",
    "Switch it off outside production only, or give the workspace another environment.",
)
ENVIRONMENT_FIXED = Fault(
    "govern.environment_fixed",
    FaultKind.CONFLICT,
    "a workspace keeps the environment it was made with",
    "Declare a new workspace with the other environment and promote into it.",
)
WORKSPACE_STAYS = Fault(
    "govern.workspace_stays",
    FaultKind.CONFLICT,
    "a workspace is archived, not deleted",
    "Its records must stay provable; leave it declared, and take the roles away that nobody needs.",
)
CURRENCY_UNKNOWN = Fault(
    "govern.currency_unknown",
    FaultKind.INVALID,
    "no currency in circulation has that code",
    "Give the three letters of ISO 4217, for instance EUR, CHF or USD.",
)
ORGANISATION_UNNAMED = Fault(
    "govern.organisation_unnamed",
    FaultKind.INVALID,
    "the organisation cannot have that name",
    "Give a name of 1 to 200 characters without control characters.",
)
