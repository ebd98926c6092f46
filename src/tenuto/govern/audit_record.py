"""One audit record, its one spelling, and its leaf hash.

The record is hashed in the transaction that it tells about, long before it has a place in the log; its place
is what the tree adds. ``writer`` and ``writer_seq`` count the records of one writer without gaps, so that a
record that vanishes before it gets a place is missed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.words import Actor, Ref, Verdict
from tenuto.govern.merkle import leaf_hash


class AuditedResource(msgspec.Struct, frozen=True):
    """What was touched. Of a ``Ref`` without its facts, which are for policies."""

    kind: str
    id: str
    name: str = ""
    workspace: str | None = None

    @classmethod
    def of(cls, resource: Ref) -> AuditedResource:
        return cls(resource.kind, resource.id, resource.name, resource.workspace)


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what, why it was allowed or not, and how it ended.

    ``time`` is what ``audit_time`` writes. ``outcome`` is a word of the use case (``done``, ``refused``,
    ``failed`` ...). ``verdict`` is None where no permission is asked (sign-in, Tenuto's own upkeep).
    ``detail`` holds JSON without floats and without secrets. ``writer_seq`` starts at 1.
    """

    id: str
    time: str
    actor: Actor
    action: str
    resource: AuditedResource
    workspace: str | None
    verdict: Verdict | None
    outcome: str
    request_id: str
    source: str
    detail: dict[str, Any]
    writer: str
    writer_seq: int


def audit_time(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC with microseconds, always 27 characters, so text sorts as time."""
    if moment.tzinfo is None:
        raise TenutoError(INVALID_VALUE, "a time without a zone cannot be audited")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def canonical_bytes(record: AuditRecord) -> bytes:
    """Return the only spelling of ``record`` that its leaf hash is made of."""
    body = msgspec.structs.asdict(record)
    for part in ("actor", "resource", "verdict"):
        body[part] = msgspec.to_builtins(body[part])
    # `detail` goes in as it is: what is not plain JSON is refused, not turned into something like it.
    return canonical_json(body)


def leaf_of(record: AuditRecord) -> bytes:
    return leaf_hash(canonical_bytes(record))
