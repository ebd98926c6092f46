"""Datasets, models, approvals and artifacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Artifact(msgspec.Struct, frozen=True):
    id: str
    workspace: str
    kind: str
    digest: str
    size: int
    media_type: str
    name: str
    producer: str
    created_by: str
    created_at: datetime


class DatasetVersion(msgspec.Struct, frozen=True):
    id: str
    workspace: str
    name: str
    version: int
    digest: str
    rows: int
    schema: list[dict[str, Any]]
    profile: dict[str, Any]
    provenance: dict[str, Any]
    created_by: str
    created_at: datetime


class Evidence(msgspec.Struct, frozen=True):
    kind: str
    digest: str
    size: int = 0
    summary: dict[str, Any] = {}


class Check(msgspec.Struct, frozen=True):
    """``result`` is ``pass``, ``fail``, ``error`` or ``not_run``; only ``pass`` counts as passed."""

    name: str
    result: str
    detail: str


class GateReport(msgspec.Struct, frozen=True):
    gate: str
    gate_version: int
    passed: bool
    checks: list[Check]
    subject_digest: str


class ModelVersion(msgspec.Struct, frozen=True):
    """``stage`` is ``registered``, ``gated``, ``blocked``, ``approved`` or ``refused``."""

    id: str
    workspace: str
    name: str
    version: int
    digest: str
    format: str
    signature: dict[str, Any]
    metrics: dict[str, float]
    evidence: list[Evidence]
    attestation: str
    authors: list[str]
    producer: str
    created_at: datetime
    stage: str
    gate: GateReport | None = None


class Edge(msgspec.Struct, frozen=True):
    from_kind: str
    from_id: str
    to_kind: str
    to_id: str
    relation: str


class Lineage(msgspec.Struct, frozen=True):
    edges: list[Edge]


class Approval(msgspec.Struct, frozen=True):
    """A request that a person decides; ``subject_digest`` is what the decision is bound to."""

    id: str
    workspace: str
    action: str
    subject_kind: str
    subject_id: str
    subject_name: str
    subject_digest: str
    requested_by: str
    authors: list[str]
    evidence: dict[str, Any]
    state: str
    created_at: datetime
    decided_by: str | None = None
    comment: str | None = None
    decided_at: datetime | None = None
