"""The words of the API's answers, as a client sees them.

Fields that a newer platform adds are passed over, and words from closed lists (a stage, a verb) are plain
text, so that an older client goes on working.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items; ``next`` is what to pass as ``after`` for those that follow, None at the end."""

    items: list[T]
    next: str | None = None


class Items(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]


# Declared things


class Kind(msgspec.Struct, frozen=True):
    """``level`` is ``organisation`` or ``workspace``; ``schema`` is the JSON Schema of a ``spec``."""

    name: str
    level: str
    summary: str
    schema: dict[str, Any]


class Difference(msgspec.Struct, frozen=True):
    path: str
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True):
    """``verb`` is ``create``, ``update``, ``delete`` or ``keep``; ``version`` the one before the change."""

    verb: str
    kind: str
    name: str
    workspace: str | None
    version: int
    differences: list[Difference] = []


class Changes(msgspec.Struct, frozen=True):
    changes: list[Change]


class Resource(msgspec.Struct, frozen=True):
    """A declared thing in one version. ``spec`` is None for the version that deleted it."""

    id: str
    kind: str
    name: str
    workspace: str | None
    version: int
    spec: dict[str, Any] | None
    author: str
    at: datetime


# Who


class Actor(msgspec.Struct, frozen=True):
    kind: str
    id: str
    name: str
    owner: str | None = None


class Who(msgspec.Struct, frozen=True):
    actor: Actor
    workspace: str | None


class Person(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    active: bool


class ServiceAccount(msgspec.Struct, frozen=True):
    id: str
    name: str
    owner_id: str
    active: bool


class LoggedIn(msgspec.Struct, frozen=True):
    """``key`` is told this once."""

    person: Person
    key: str
    expires_at: datetime


class Invited(msgspec.Struct, frozen=True):
    """``token`` is told this once; hand it to the person."""

    person: Person
    token: str


class KeyInfo(msgspec.Struct, frozen=True):
    id: str
    name: str
    purpose: str
    actor: Actor
    workspace: str | None
    models: list[str] | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class MadeKey(msgspec.Struct, frozen=True):
    """``key`` is told this once."""

    info: KeyInfo
    key: str


class SecretInfo(msgspec.Struct, frozen=True):
    name: str
    version: int
    updated_at: datetime


class Done(msgspec.Struct, frozen=True):
    done: bool


# Who may


class Granted(msgspec.Struct, frozen=True):
    """A role that somebody holds: everywhere, in a workspace, or on one object."""

    id: str
    subject_kind: str
    subject_id: str
    role: str
    workspace: str | None
    created_by: str
    resource_kind: str | None = None
    resource_id: str | None = None
    created_at: datetime | None = None


class Verdict(msgspec.Struct, frozen=True):
    """``effect`` is ``allow`` or ``deny``."""

    effect: str
    reason: str
    rule: str
    policy_version: str


class Binding(msgspec.Struct, frozen=True):
    id: str
    subject_kind: str
    subject: str
    role: str
    workspace: str | None = None
    resource_kind: str | None = None
    resource: str | None = None


class Considered(msgspec.Struct, frozen=True):
    binding: Binding
    grants: bool
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """``would_allow`` names the roles that allow the action here."""

    verdict: Verdict
    considered: list[Considered]
    would_allow: list[str]


# The audit log


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


# What was made


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


# What is being done


class StoredValue(msgspec.Struct, frozen=True):
    """A value by its content address. Small ones are spelled out in ``text``, as typed JSON."""

    type: dict[str, Any]
    encoding: str
    digest: str
    size: int
    text: str | None = None
    parts: list[StoredValue] = []
    metadata: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True):
    """``status`` is ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``."""

    id: str
    workspace: str
    pipeline: str
    graph: dict[str, Any]
    code: str
    parameters: dict[str, StoredValue]
    seed: int
    status: str
    cancelled: bool
    actor: Actor
    authors: list[str]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class TaskId(msgspec.Struct, frozen=True):
    node: str
    item: int | None = None


class StepError(msgspec.Struct, frozen=True):
    type: str
    message: str
    traceback: str = ""
    retryable: bool = True


class TaskState(msgspec.Struct, frozen=True):
    status: str
    failures: int = 0
    losses: int = 0
    retry_at: datetime | None = None
    outputs: dict[str, StoredValue] = {}
    error: StepError | None = None


class Usage(msgspec.Struct, frozen=True):
    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    log_bytes: int = 0


class Task(msgspec.Struct, frozen=True):
    """``cache`` is ``hit``, ``miss``, ``off`` or ``none``; ``why`` says why it ran, or why not."""

    task: TaskId
    state: TaskState
    executions: int = 0
    cache: str = "none"
    why: list[str] = []
    started_at: datetime | None = None
    finished_at: datetime | None = None
    usage: Usage | None = None


class RunDetail(msgspec.Struct, frozen=True):
    run: Run
    tasks: list[Task]
    results: dict[str, Any]


class Log(msgspec.Struct, frozen=True):
    node: str
    text: str


# What it cost


class LedgerRow(msgspec.Struct, frozen=True):
    """One model call. ``cost`` is decimal text, None where no price was known: unpriced is not free."""

    request_id: str
    at: datetime
    actor_id: str
    key_id: str
    route: str
    provider: str
    model: str
    status: str
    error: str | None
    streamed: bool
    attempts: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    usage_source: str
    cost: str | None
    price_source: str
    duration_ms: int
    overhead_us: int


class BudgetState(msgspec.Struct, frozen=True):
    """How far a budget is used up. Amounts are decimal text, ``reached`` thresholds are percentages."""

    name: str
    amount: str
    period: str
    hard: bool
    starts_at: datetime
    spent: str
    reserved: str
    reached: list[int]


class Spent(msgspec.Struct, frozen=True):
    """What a route used at one provider. ``cost`` leaves the ``unpriced`` calls out."""

    route: str
    provider: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: str
