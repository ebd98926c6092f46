"""The words of what was made."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.words import Ref

PROJECT = "project"
"""The kind of an artifact that is submitted code."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable bytes with their producer (``run:<id>/<step>``, ``upload`` or a use case)."""

    id: str
    workspace: str
    kind: str  # "dataset", "model", "evidence" or PROJECT
    digest: str
    size: int
    media_type: str
    name: str
    producer: str
    created_by: str
    created_at: datetime

    @property
    def ref(self) -> Ref:
        return Ref("Artifact", self.id, self.name, self.workspace)


class DatasetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as they were at one moment. ``digest`` is of the Parquet content."""

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

    @property
    def ref(self) -> Ref:
        return Ref("Dataset", self.id, f"{self.name}@{self.version}", self.workspace, {"digest": self.digest})


class Stage(Enum):
    """Where a model version stands on its way to traffic."""

    REGISTERED = "registered"
    GATED = "gated"  # every required check passed
    BLOCKED = "blocked"  # a required check did not pass
    APPROVED = "approved"
    REFUSED = "refused"  # by a person


class Evidence(msgspec.Struct, frozen=True):
    """A finding about a model that a gate or a person can rely on. ``digest`` names its full report."""

    kind: str  # "evaluation", "explanation", "parity", "scan"
    digest: str
    size: int  # bytes of the report
    summary: dict[str, Any] = {}


class CheckResult(Enum):
    """Only PASS counts as passed. What errs or did not run has not passed."""

    PASS = "pass"  # noqa: S105 (a result, not a password)
    FAIL = "fail"
    ERROR = "error"
    NOT_RUN = "not_run"


class Check(msgspec.Struct, frozen=True):
    name: str
    result: CheckResult
    detail: str


class GateReport(msgspec.Struct, frozen=True):
    """What the gate looked at and found. ``digest`` binds it to the model's bytes and evidence."""

    gate: str
    gate_version: int
    passed: bool
    checks: list[Check]
    subject_digest: str


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model. ``authors`` are the persons behind its code, run and registration."""

    id: str
    workspace: str
    name: str
    version: int
    digest: str
    format: str  # "onnx", "sklearn-skops", "sklearn-pickle"
    signature: dict[str, Any]
    metrics: dict[str, float]
    evidence: list[Evidence]
    attestation: str  # DSSE envelope, JSON
    authors: list[str]
    producer: str
    created_at: datetime
    stage: Stage = Stage.REGISTERED
    gate: GateReport | None = None

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def ref(self) -> Ref:
        facts = {"digest": self.digest, "authors": self.authors, "stage": self.stage.value}
        return Ref("ModelVersion", self.id, self.label, self.workspace, facts)


class Edge(msgspec.Struct, frozen=True):
    """``from`` had a part in making ``to``; ``relation`` says which (``trained_on``, ``produced_by`` ...)."""

    from_kind: str
    from_id: str
    to_kind: str
    to_id: str
    relation: str
