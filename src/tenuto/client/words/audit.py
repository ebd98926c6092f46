"""The audit log."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.client.words.access import Verdict
from tenuto.client.words.identities import Actor


class AuditedResource(msgspec.Struct, frozen=True):
    kind: str
    id: str
    name: str = ""
    workspace: str | None = None


class AuditRecord(msgspec.Struct, frozen=True):
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


class AuditEntry(msgspec.Struct, frozen=True):
    """``seq`` is its place in the log; None until it has one, which takes about a second."""

    seq: int | None
    record: AuditRecord


class Problem(msgspec.Struct, frozen=True):
    kind: str
    sentence: str
    fix: str
    seq: int | None = None
    through: int | None = None
    record: str | None = None


class Statement(msgspec.Struct, frozen=True):
    code: str
    sentence: str


class Report(msgspec.Struct, frozen=True):
    """What verifying the log found. It is sound if ``problem_count`` is 0."""

    records: int
    pending: int
    writers: int
    checkpoints: int
    problem_count: int
    problems: list[Problem]
    proven: list[Statement]
    unproven: list[Statement]
    tail_proven: int | None


class PublicKey(msgspec.Struct, frozen=True):
    key: str
