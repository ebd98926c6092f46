"""Honest evidence for each step of the demo, small enough to read: what was done, what was seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenuto.cli.demo.audit_steps import SeenLog, SeenTampering, Tampered, Verified
from tenuto.cli.demo.calling import Answer, Heard
from tenuto.cli.demo.data_steps import Ingested, SeenDataset, Written
from tenuto.cli.demo.gateway_steps import PERSONAL, PROMPT, Called, FailedOver, SeenCalls, SeenFailOver
from tenuto.cli.demo.money_steps import Count, Counted, SeenBooks, SeenStop, Stopped
from tenuto.cli.demo.predicting import Answered
from tenuto.cli.demo.release_steps import (
    Decided,
    Deployed,
    RolledBack,
    SeenDecision,
    SeenDeployment,
    SeenRollback,
)
from tenuto.cli.demo.run_steps import EVIDENCE, SeenRun, Trained
from tenuto.client.words import (
    Actor,
    Approval,
    AuditedResource,
    AuditEntry,
    AuditRecord,
    BudgetState,
    DatasetVersion,
    Edge,
    Evidence,
    GateReport,
    LedgerRow,
    ModelVersion,
    Problem,
    Report,
    Resource,
    Run,
    RunDetail,
    Spent,
    Statement,
    Task,
    TaskId,
    TaskState,
    Verdict,
)
from tenuto.registry.attestations import Ed25519Signer, attest, public_key_text

AT = datetime(2026, 3, 1, tzinfo=UTC)
ADA, BEN, CHLOE = "ada", "ben", "chloe"
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NODES = ("prepare", "train", "evaluate")


SIGNER, STRANGER = (
    Ed25519Signer("k", Ed25519PrivateKey.from_private_bytes(seed * 32)) for seed in (b"1", b"2")
)
KEY = public_key_text(SIGNER.public_key)


def signed(digest: str, signer: Ed25519Signer = SIGNER) -> str:
    """Return a signed statement about a digest."""
    return attest(signer, "model", digest, {})


def dataset() -> tuple[Ingested, SeenDataset]:
    columns = ["mean_radius", "benign"]
    written = Written({"part-1.csv": DIGEST}, columns, 3, OTHER)
    version = DatasetVersion(
        id="d",
        workspace="w",
        name="breast-cancer",
        version=1,
        digest=DIGEST,
        rows=3,
        schema=[{"name": name} for name in columns],
        profile={
            "columns": {
                "mean_radius": {"bins": {"edges": [0, 1, 2], "counts": [1, 2]}},
                "benign": {"distinct": 2},
            }
        },
        provenance={"files": [{"name": "part-1.csv", "digest": DIGEST}]},
        created_by=BEN,
        created_at=AT,
    )
    return Ingested(written, 1, DIGEST, BEN), SeenDataset(version, OTHER)


def model(stage: str = "gated") -> ModelVersion:
    return ModelVersion(
        id="m1",
        workspace="w",
        name="breast-cancer",
        version=1,
        digest=DIGEST,
        format="onnx",
        signature={"signature": {"inputs": [{"name": "input"}]}},
        metrics={"accuracy": 0.97},
        evidence=[Evidence(kind, DIGEST) for kind in EVIDENCE],
        attestation=signed(DIGEST),
        authors=[BEN],
        producer="run:r1/register_model",
        created_at=AT,
        stage=stage,
        gate=GateReport("default", 1, True, [], DIGEST),
    )


def task(node: str, executions: int = 1, cache: str = "miss") -> Task:
    return Task(TaskId(node), TaskState("succeeded"), executions, cache)


def run(status: str = "succeeded", tasks: list[Task] | None = None) -> RunDetail:
    graph = {"nodes": [{"name": node} for node in NODES]}
    actor = Actor("person", BEN, "Ben Okoye")
    one = Run("r1", "w", "breast_cancer", graph, DIGEST, {}, 0, status, False, actor, [BEN], AT)
    return RunDetail(one, tasks or [task(node) for node in NODES], {})


def pipeline() -> tuple[Trained, SeenRun]:
    edges = [Edge("Dataset", "d", "Run", "r1", "read_by")]
    return Trained("r1", ["prepare", "train"], 10, 11, BEN), SeenRun(
        run(), model(), edges, {"worst_texture": 0.04}, KEY
    )


def denial(action: str, resource: AuditedResource, rule: str, request: str = "q") -> AuditEntry:
    record = AuditRecord(
        id="a",
        time="2026-03-01T00:00:00Z",
        actor=Actor("person", BEN, "Ben Okoye"),
        action=action,
        resource=resource,
        workspace="w",
        verdict=Verdict("deny", "", rule, "1"),
        outcome="refused",
        request_id=request,
        source="",
        detail={},
        writer="x",
        writer_seq=1,
    )
    return AuditEntry(1, record)


def approval() -> tuple[Decided, SeenDecision]:
    reason = "Ben Okoye may not approve: who had a part in making it may not decide on it."
    work = Decided("breast-cancer@1", DIGEST, 403, reason, BEN, CHLOE)
    approved = Approval(
        "p1", "w", "x", "ModelVersion", "m1", "breast-cancer@1", DIGEST, BEN, [BEN], {}, "approved", AT, CHLOE
    )
    version = AuditedResource("ModelVersion", "m1", "breast-cancer@1")
    refused = denial("registry:model:approve", version, "policy:separation-of-duties")
    return work, SeenDecision(model("approved"), [approved], [refused])


def answered(version: int = 1, shift: float = 0.0) -> Answered:
    return Answered(version, [0, 1, 1], [0.9 - shift, 0.2, 0.1])


def endpoint(version: int, revision: int) -> Resource:
    spec = {"model": "breast-cancer", "version": version}
    return Resource("e1", "Endpoint", "breast-cancer", "w", revision, spec, CHLOE, AT)


def deployment() -> tuple[Deployed, SeenDeployment]:
    return Deployed(1, DIGEST, ["create"]), SeenDeployment(endpoint(1, 1), answered(), answered())


def rollback() -> tuple[RolledBack, SeenRollback]:
    history = [endpoint(1, 3), endpoint(2, 2), endpoint(1, 1)]
    return RolledBack(1, 2, answered(), answered(2, 0.1)), SeenRollback(history, answered())


def answer(request: str, *, provider: str = "simulator-1", streamed: bool = False, text: str = "") -> Answer:
    return Answer(request, f"{provider}/sim-1", text or f'You said: "{PROMPT}"', streamed, 20, 22)


def row(one: Answer, **changes: Any) -> LedgerRow:
    """Return the row of a call that was answered so, at the demo's prices."""
    known: dict[str, Any] = {
        "request_id": one.request,
        "at": AT,
        "actor_id": "s",
        "key_id": "k",
        "route": "assistant",
        "provider": one.provider,
        "model": "sim-1",
        "status": "completed",
        "error": None,
        "streamed": one.streamed,
        "attempts": 1,
        "input_tokens": one.input_tokens,
        "cached_input_tokens": 0,
        "output_tokens": one.output_tokens,
        "reasoning_tokens": 0,
        "usage_source": "provider",
        "cost": "0.0162",
        "price_source": "p",
        "duration_ms": 1,
        "overhead_us": 1,
    }
    return LedgerRow(**(known | changes))


def heard(said: str, *, streamed: bool = False) -> Heard:
    return Heard({"messages": [{"role": "user", "content": said}], "stream": streamed}, 20, 22)


MASKED = "Write to <EMAIL_1> or call <PHONE_1>; account <IBAN_1>, number <NIR_1>."


def calls() -> tuple[Called, SeenCalls]:
    assert all(value not in MASKED for value in PERSONAL)
    made = [answer("q1"), answer("q2", streamed=True)]
    real = [answer("q3", provider="real", text="Gladly."), answer("q4", provider="real", streamed=True)]
    received = [heard(MASKED), heard(MASKED, streamed=True)]
    return Called(PROMPT, made, real, 0), SeenCalls(received, [row(one) for one in (*made, *real)])


def failover() -> tuple[FailedOver, SeenFailOver]:
    made = answer("q5", provider="simulator-2")
    return FailedOver(made, "Still there?", -9, 0), SeenFailOver(
        [heard("Still there?")], [row(made, attempts=2)]
    )


def budget() -> tuple[Stopped, SeenStop]:
    made = [answer(f"q{number}", provider="simulator-2") for number in (6, 7)]
    work = Stopped("0.13", made, "q8", 402, "budget `pocket-money` has 0.1 left", 1)
    state = BudgetState("pocket-money", "0.13", "day", True, AT, "0.03", "0", [])
    route = AuditedResource("Route", "assistant", "assistant")
    refused = denial("gateway:call:invoke", route, "spend.budget_exhausted", "q8")
    received = [heard("One more.") for _ in made]
    return work, SeenStop([state], [row(one) for one in made], [refused], received)


def ledger() -> tuple[Counted, SeenBooks]:
    made = [answer("q1"), answer("q5", provider="simulator-2")]
    counted = sorted(Count(one.provider, one.input_tokens, one.output_tokens) for one in made)
    totals = [Spent("assistant", one.provider, 1, 0, 20, 22, "0.0162") for one in made]
    return Counted(counted), SeenBooks([row(one) for one in made], totals)


def report(records: int = 50, *problems: Problem, tail: int | None = 50) -> Report:
    proven = [Statement("tail", "The log was not cut.")]
    return Report(records, 0, 1, 3, len(problems), list(problems), proven, [], tail)


def audit() -> tuple[Verified, SeenLog]:
    told = {
        ("person", "registry:dataset:register", "allow"),
        ("person", "pipelines:run:submit", "allow"),
        ("person", "registry:model:approve", "deny"),
        ("person", "registry:model:approve", "allow"),
        ("service_account", "gateway:call:invoke", "allow"),
        ("service_account", "gateway:call:invoke", "deny"),
    }
    work = Verified(report(48), "a note", 4_000, Path("audit"))
    return work, SeenLog(report(50), told, 51)


def tampering() -> tuple[Tampered, SeenTampering]:
    places = {"edited": 5, "deleted": 5, "cut_tail": 46}
    reports = {
        kind: report(50, Problem(kind, f"Record {place} is wrong.", "Get another.", seq=place))
        for kind, place in places.items()
    }
    return Tampered({kind: Path(kind) for kind in places}, places), SeenTampering(reports)


HONEST: dict[str, tuple[Any, Any]] = {
    "dataset": dataset(),
    "pipeline": pipeline(),
    "approval": approval(),
    "deployment": deployment(),
    "rollback": rollback(),
    "calls": calls(),
    "failover": failover(),
    "budget": budget(),
    "ledger": ledger(),
    "audit": audit(),
    "tampering": tampering(),
}
