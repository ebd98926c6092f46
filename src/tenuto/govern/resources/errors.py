"""What can be wrong with a declaration."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

KIND_UNKNOWN = Fault(
    "govern.kind_unknown",
    FaultKind.INVALID,
    "no kind of resource has that name",
    "Use one of the kinds that `tenuto get --kinds` lists.",
)
NAME_INVALID = Fault(
    "govern.name_invalid",
    FaultKind.INVALID,
    "a resource cannot have that name",
    "Use 1 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit.",
)
PLACE_INVALID = Fault(
    "govern.place_invalid",
    FaultKind.INVALID,
    "the resource is declared at the wrong level",
    "Give `workspace:` for kinds that live in a workspace, and leave it out for kinds of the organisation.",
)
NOTHING_DECLARED = Fault(
    "govern.nothing_declared",
    FaultKind.INVALID,
    "there is no document to apply",
    "Give at least one document; an empty file declares nothing, and takes nothing away.",
)
DECLARED_TWICE = Fault(
    "govern.declared_twice",
    FaultKind.INVALID,
    "the same resource is declared twice",
    "Keep one of the two documents.",
)
RESOURCE_UNKNOWN = Fault(
    "govern.resource_unknown",
    FaultKind.NOT_FOUND,
    "there is no such resource",
    "List what there is with `tenuto get KIND`.",
)
REVISION_UNKNOWN = Fault(
    "govern.revision_unknown",
    FaultKind.NOT_FOUND,
    "the resource has no such version",
    "See its versions with `tenuto history KIND NAME`.",
)
VERSION_MOVED_ON = Fault(
    "govern.version_moved_on",
    FaultKind.CONFLICT,
    "the resource was changed since you read it",
    "Run `tenuto plan` again and apply the change to what is there now.",
)
