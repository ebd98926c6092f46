"""What can be wrong with what was made."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

VERSION_UNKNOWN = Fault(
    "registry.version_unknown",
    FaultKind.NOT_FOUND,
    "there is no such version",
    "List the versions with `tenuto model list` or `tenuto dataset list`.",
)
ARTIFACT_UNKNOWN = Fault(
    "registry.artifact_unknown",
    FaultKind.NOT_FOUND,
    "there is no such artifact in this workspace",
    "Check the digest; artifacts of other workspaces are not visible here.",
)
ATTESTATION_INVALID = Fault(
    "registry.attestation_invalid",
    FaultKind.FORBIDDEN,
    "the model's signature does not hold for these bytes",
    "Register the model again; do not deploy these bytes, and read the audit log of this version.",
)
SIGNING_KEY_MALFORMED = Fault(
    "registry.signing_key_malformed",
    FaultKind.INVALID,
    "this is not a public key that signs models",
    "Pass the file that `tenuto model key` wrote, from its first line to its last.",
)
NOT_GATED = Fault(
    "registry.not_gated",
    FaultKind.CONFLICT,
    "this version has not passed its gate",
    "See the checks with `tenuto model show NAME@VERSION`, and register a version that passes them.",
)
NOT_APPROVED = Fault(
    "registry.not_approved",
    FaultKind.CONFLICT,
    "this version is not approved",
    "Have somebody who is not its author approve it: `tenuto approve NAME@VERSION`.",
)
ALREADY_DECIDED = Fault(
    "registry.already_decided",
    FaultKind.CONFLICT,
    "this approval was decided before",
    "Register a new version to ask again; a decision is not taken back.",
)
DIGEST_MOVED_ON = Fault(
    "registry.digest_moved_on",
    FaultKind.CONFLICT,
    "what you looked at is not what would be approved",
    "Read the version and its evidence again, and approve the digest that it shows now.",
)
APPROVAL_UNKNOWN = Fault(
    "registry.approval_unknown",
    FaultKind.NOT_FOUND,
    "there is no such approval in this workspace",
    "List what waits with `tenuto get Approval`, or choose the workspace that the version belongs to.",
)
