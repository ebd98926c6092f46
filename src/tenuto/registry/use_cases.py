"""Register, look at, approve."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.actions import Action, action_named
from tenuto.govern.approvals import queries as approvals
from tenuto.govern.approvals.words import Approval, ApprovalState
from tenuto.govern.resources import queries as resources
from tenuto.govern.use_case import Case, use_case
from tenuto.registry import queries, rules
from tenuto.registry.attestations import Signer, attest
from tenuto.registry.errors import (
    ALREADY_DECIDED,
    APPROVAL_UNKNOWN,
    DIGEST_MOVED_ON,
    NOT_GATED,
    VERSION_UNKNOWN,
)
from tenuto.registry.rules import GateSpec
from tenuto.registry.tables import dataset_version, model_version
from tenuto.registry.words import (
    PROJECT,
    Artifact,
    DatasetVersion,
    Edge,
    Evidence,
    GateReport,
    ModelVersion,
    Stage,
)

APPROVE = "registry:model:approve"
REGISTER = "registry:model:register"


class NewArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are stored already and are to be known in this workspace."""

    kind: str
    digest: str
    size: int
    media_type: str
    name: str
    producer: str


class NewDataset(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    artifact: NewArtifact
    rows: int
    schema: list[dict[str, Any]]
    profile: dict[str, Any]
    provenance: dict[str, Any]


class NewModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model to register. ``authors`` adds persons to the registering one; ``inputs`` are its origins."""

    name: str
    artifact: NewArtifact
    format: str
    signature: dict[str, Any]
    metrics: dict[str, float] = {}
    evidence: list[Evidence] = []
    authors: list[str] = []
    inputs: list[Edge] = []


@use_case("registry:artifact:read")
def take_out(case: Case, *, digest: str) -> Artifact:
    """Return an artifact whose bytes are about to leave. Rows and models that leave are recorded.

    The same bytes may be known as several things: whoever takes them needs the right to each.
    """
    found = queries.artifacts_by_digest(case.tx, digest)
    for one in found:
        case.permit(one.ref)
    case.unchanged()
    for action, thing in [held for one in found for held in _held(case, one)]:
        case.permit(thing, action)
        if action_named(action).recorded:
            case.record(thing, {"digest": digest}, action=action)
    return found[0]


@use_case("registry:dataset:register")
def register_dataset(case: Case, *, new: NewDataset) -> DatasetVersion:
    version = DatasetVersion(
        id=case.ids.new(),
        workspace=_workspace(case),
        name=new.name,
        version=queries.next_version(case.tx, dataset_version, new.name),
        digest=new.artifact.digest,
        rows=new.rows,
        schema=new.schema,
        profile=new.profile,
        provenance=new.provenance,
        created_by=case.scope.actor.id,
        created_at=case.clock.now(),
    )
    case.permit(version.ref)
    queries.insert_artifact(case.tx, _artifact(case, new.artifact))
    queries.insert_dataset(case.tx, version)
    source = str(new.provenance.get("source", "upload"))
    queries.link(case.tx, [Edge("Source", source, "Dataset", version.id, "ingested_from")])
    event = Event("dataset.registered", version.id, {"name": version.name, "version": version.version})
    case.record(version.ref, {"digest": version.digest, "rows": version.rows}, [event])
    return version


@use_case("registry:dataset:read", mutating=False)
def dataset(case: Case, *, name: str, version: int | None = None) -> DatasetVersion:
    found = queries.dataset(case.tx, name, version)
    case.permit(found.ref)
    return found


@use_case("registry:dataset:read")
def dataset_for_run(case: Case, *, name: str, version: int | None, run_id: str) -> DatasetVersion:
    """Return a version for a run to read, and write down in the lineage that the run read it."""
    found = queries.dataset(case.tx, name, version)
    case.permit(found.ref)
    queries.link(case.tx, [Edge("Dataset", found.id, "Run", run_id, "read_by")])
    case.record(found.ref, {"run": run_id, "digest": found.digest})
    return found


@use_case("registry:dataset:read", mutating=False)
def datasets(case: Case) -> list[DatasetVersion]:
    case.permit(Ref("Dataset", "*", "", case.scope.workspace))
    return [one for one in queries.datasets(case.tx) if case.may(one.ref)]


@use_case(REGISTER)
def register_model(case: Case, *, signer: Signer, new: NewModel) -> ModelVersion:
    """Sign and register a version, put it through its gate, and ask for approval if it passes.

    A step of a run has one version: when it registers again, after a crash, it gets the one it registered.
    """
    version = _new_version(case, signer, new)
    case.permit(version.ref)
    made = queries.model_made_by(case.tx, version.producer) if rules.is_of_a_run(version.producer) else None
    if made is not None:
        case.unchanged()
        return made
    judged = _judged(case, version)
    queries.insert_artifact(case.tx, _artifact(case, new.artifact))
    for report in new.evidence:
        queries.insert_artifact(case.tx, _artifact(case, _report(judged, report)))
    queries.insert_model(case.tx, judged)
    queries.link(case.tx, _lineage(judged, new))
    data = {"name": judged.name, "version": judged.version, "stage": judged.stage.value}
    case.record(judged.ref, {"digest": judged.digest} | data, [Event("model.registered", judged.id, data)])
    if judged.stage is Stage.GATED:
        approvals.insert(case.tx, _request(case, judged))
    return judged


@use_case("registry:model:read", mutating=False)
def model(case: Case, *, name: str, version: int | None = None) -> ModelVersion:
    found = queries.model(case.tx, name, version)
    case.permit(found.ref)
    return found


@use_case("registry:model:read", mutating=False)
def models(case: Case) -> list[ModelVersion]:
    case.permit(Ref("ModelVersion", "*", "", case.scope.workspace))
    return [one for one in queries.models(case.tx) if case.may(one.ref)]


@use_case("registry:model:read", mutating=False)
def lineage(case: Case, *, name: str, version: int | None = None) -> list[Edge]:
    """Return everything that had a part in making the version."""
    found = queries.model(case.tx, name, version)
    case.permit(found.ref)
    return queries.ancestry(case.tx, "ModelVersion", found.id)


@use_case("registry:approval:read", mutating=False)
def pending(case: Case, *, state: ApprovalState | None = ApprovalState.WAITING) -> list[Approval]:
    """Return the approvals of this workspace, waiting ones unless told otherwise."""
    case.permit(Ref("Approval", "*", "", case.scope.workspace))
    return [one for one in approvals.listed(case.tx, state) if case.may(one.ref)]


@use_case("registry:approval:read", mutating=False)
def approval(case: Case, *, approval_id: str) -> Approval:
    found = approvals.find(case.tx, approval_id)
    if found is None:
        raise TenutoError(APPROVAL_UNKNOWN, approval_id)
    case.permit(found.ref)
    return found


@use_case(APPROVE)
def approve(case: Case, *, name: str, version: int, digest: str, comment: str = "") -> ModelVersion:
    """Approve exactly the bytes and evidence under ``digest``. Its authors may not."""
    return _decide(case, name, version, digest, comment, ApprovalState.APPROVED)


@use_case(APPROVE)
def refuse(case: Case, *, name: str, version: int, digest: str, comment: str) -> ModelVersion:
    """Refuse a version. It never goes into traffic; a new version can be registered."""
    return _decide(case, name, version, digest, comment, ApprovalState.REFUSED)


def _held(case: Case, one: Artifact) -> list[tuple[str, Ref]]:
    """Return what the bytes are beyond an artifact, each with the action that takes it out."""
    if one.kind == "dataset":
        return [
            (Action.DATASET_DOWNLOAD.value, held.ref) for held in queries.datasets_of(case.tx, one.digest)
        ]
    if one.kind == "model":
        return [(Action.MODEL_DOWNLOAD.value, held.ref) for held in queries.models_of(case.tx, one.digest)]
    if one.kind == PROJECT:
        return [(Action.CODE_READ.value, Ref("Code", one.id, one.name, one.workspace))]
    return []


def _decide(
    case: Case, name: str, version: int, digest: str, comment: str, state: ApprovalState
) -> ModelVersion:
    found = queries.model(case.tx, name, version)
    case.permit(found.ref)
    approval = approvals.waiting_for(case.tx, found.id, lock=True)
    if approval is None:
        raise TenutoError(NOT_GATED if found.stage in _BEFORE_GATE else ALREADY_DECIDED, found.label)
    if digest != approval.subject_digest or digest != rules.approval_digest(found):
        raise TenutoError(DIGEST_MOVED_ON, f"{found.label} shows {approval.subject_digest}")
    decided = msgspec.structs.replace(
        approval,
        state=state,
        decided_by=case.scope.actor.answerable,
        comment=comment,
        decided_at=case.clock.now(),
    )
    approvals.decide(case.tx, decided)
    stage = Stage.APPROVED if state is ApprovalState.APPROVED else Stage.REFUSED
    queries.move(case.tx, found.id, stage)
    data = {"name": found.name, "version": found.version, "digest": found.digest}
    event = Event(f"model.{stage.value}", found.id, data)
    case.record(found.ref, {"approval": approval.id, "bound_to": digest, "comment": comment}, [event])
    return msgspec.structs.replace(found, stage=stage)


_BEFORE_GATE = frozenset({Stage.REGISTERED, Stage.BLOCKED})


def _new_version(case: Case, signer: Signer, new: NewModel) -> ModelVersion:
    number = queries.next_version(case.tx, model_version, new.name)
    authors = sorted({case.scope.actor.answerable, *new.authors})
    predicate = {
        "name": new.name,
        "version": number,
        "format": new.format,
        "producer": new.artifact.producer,
        "authors": authors,
        "evidence": [{"kind": one.kind, "digest": one.digest} for one in new.evidence],
        "inputs": [{"kind": edge.from_kind, "id": edge.from_id} for edge in new.inputs],
    }
    return ModelVersion(
        id=case.ids.new(),
        workspace=_workspace(case),
        name=new.name,
        version=number,
        digest=new.artifact.digest,
        format=new.format,
        signature=new.signature,
        metrics=new.metrics,
        evidence=new.evidence,
        attestation=attest(signer, new.name, new.artifact.digest, predicate),
        authors=authors,
        producer=new.artifact.producer,
        created_at=case.clock.now(),
    )


def _judged(case: Case, version: ModelVersion) -> ModelVersion:
    report = _gate_report(case, version)
    stage = Stage.GATED if report.passed else Stage.BLOCKED
    return msgspec.structs.replace(version, gate=report, stage=stage)


def _gate_report(case: Case, version: ModelVersion) -> GateReport:
    own = resources.find(case.tx, "Gate", version.name)
    gate = own or resources.find(case.tx, "Gate", "default")
    if gate is None:
        return rules.judge(version, "none", 0, None)
    return rules.judge(version, gate.name, gate.version, convert(gate.spec, GateSpec))


def _request(case: Case, version: ModelVersion) -> Approval:
    return Approval(
        id=case.ids.new(),
        workspace=version.workspace,
        action=APPROVE,
        subject_kind="ModelVersion",
        subject_id=version.id,
        subject_name=version.label,
        subject_digest=rules.approval_digest(version),
        requested_by=case.scope.actor.id,
        authors=version.authors,
        evidence={"gate": msgspec.to_builtins(version.gate)},
        state=ApprovalState.WAITING,
        created_at=case.clock.now(),
    )


def _lineage(version: ModelVersion, new: NewModel) -> list[Edge]:
    inputs = [msgspec.structs.replace(edge, to_kind="ModelVersion", to_id=version.id) for edge in new.inputs]
    evidence = [Edge("Evidence", one.digest, "ModelVersion", version.id, one.kind) for one in new.evidence]
    return inputs + evidence


def _report(version: ModelVersion, evidence: Evidence) -> NewArtifact:
    return NewArtifact(
        kind="evidence",
        digest=evidence.digest,
        size=evidence.size,
        media_type="application/json",
        name=f"{version.label} {evidence.kind}.json",
        producer=version.producer,
    )


def _artifact(case: Case, new: NewArtifact) -> Artifact:
    return Artifact(
        id=case.ids.new(),
        workspace=_workspace(case),
        kind=new.kind,
        digest=new.digest,
        size=new.size,
        media_type=new.media_type,
        name=new.name,
        producer=new.producer,
        created_by=case.scope.actor.id,
        created_at=case.clock.now(),
    )


def _workspace(case: Case) -> str:
    if case.scope.workspace is None:
        raise TenutoError(VERSION_UNKNOWN, "versions belong to a workspace; name one")
    return case.scope.workspace
