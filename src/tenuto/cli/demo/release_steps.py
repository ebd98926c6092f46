"""Step 3: the author is refused, somebody else approves, the version goes into traffic and back."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.cli.demo.door import Refused
from tenuto.cli.demo.predicting import Answered, offline, predict_until
from tenuto.cli.demo.run_steps import MODEL, follow, producing_run, require_succeeded
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, Proof, require, require_equal
from tenuto.client.words import Approval, AuditEntry, ModelVersion, Resource

ENDPOINT = "breast-cancer"
_APPROVE = "registry:model:approve"
_SEPARATION = "policy:separation-of-duties"


class Decided(msgspec.Struct, frozen=True):
    """What the author was told, and what somebody else approved."""

    label: str
    digest: str
    status: int
    reason: str
    author: str
    approver: str


class SeenDecision(msgspec.Struct, frozen=True):
    version: ModelVersion
    approvals: list[Approval]
    denials: list[AuditEntry]


class Deployed(msgspec.Struct, frozen=True):
    version: int
    digest: str
    changes: list[str]


class SeenDeployment(msgspec.Struct, frozen=True):
    """What is declared, what the endpoint answers, and what the same bytes answer with no platform between."""

    declared: Resource
    served: Answered
    offline: Answered


class RolledBack(msgspec.Struct, frozen=True):
    """The version there was, the one that was in traffic for a while, and its answers."""

    first: int
    second: int
    before: Answered
    between: Answered


class SeenRollback(msgspec.Struct, frozen=True):
    history: list[Resource]
    served: Answered


def approve(stage: Stage) -> Decided:
    """Try as the author over plain HTTP, then approve as somebody else with the command line."""
    version: ModelVersion = stage.kept["first"]
    digest = waiting_digest(stage, version.id)
    decision = {"version": version.version, "digest": digest, "comment": "mine, and it looks sound"}
    refusal = _refusal(stage, decision)
    label = f"{MODEL}@{version.version}"
    stage.approver.tenuto("approve", label, "--digest", digest, "--comment", "looks sound")
    reason = str(refusal.error["detail"])
    return Decided(label, digest, refusal.status, reason, stage.scientist.id, stage.approver.id)


def look_at_decision(stage: Stage, work: Decided) -> SeenDecision:
    """Read the version, the decision and the record of the refusal as the owner."""
    client = stage.owner.client
    version = client.registry.model(MODEL, int(work.label.rpartition("@")[2]))
    denials = client.audit.entries(action=_APPROVE, effect="deny", actor=work.author).items
    return SeenDecision(version, client.registry.approvals("approved"), denials)


def judge_decision(work: Decided, seen: SeenDecision) -> Proof:
    require_equal(work.status, 403, "status of the author's attempt")
    require("part in making it" in work.reason, f"the author is refused for another reason: {work.reason}")
    require_equal(seen.version.stage, "approved", "stage after the approval")
    found = [one for one in seen.approvals if one.subject_id == seen.version.id]
    require(len(found) == 1, f"{len(found)} approvals of {work.label} are known, not one")
    [approval] = found
    require_equal(approval.state, "approved", "state of the approval")
    require_equal(approval.subject_digest, work.digest, "digest that was approved")
    require_equal(approval.decided_by, work.approver, "who approved")
    require(work.author in approval.authors, "who made it does not stand among the approval's authors")
    require(work.approver not in approval.authors, "who approved had a part in making it")
    rules = {one.record.verdict.rule for one in seen.denials if one.record.verdict and _about(work, one)}
    require_equal(rules, {_SEPARATION}, "rule of the refusal in the audit log")
    return Proof(approval.id, {"refused": work.reason, "digest": work.digest})


def deploy(stage: Stage) -> Deployed:
    """Deploy the approved version with the command line."""
    version: ModelVersion = stage.kept["first"]
    told = into_traffic(stage, version.version)
    return Deployed(version.version, version.digest, [change["verb"] for change in told["changes"]])


def look_at_deployment(stage: Stage, work: Deployed) -> SeenDeployment:
    """Ask for predictions with the protocol's own client; predict with the registered bytes beside it."""
    served = predict_until(stage, ENDPOINT, work.version)
    stage.kept["first_answers"] = served
    declared = stage.owner.client.resources.get("Endpoint", ENDPOINT)
    return SeenDeployment(declared, served, offline(stage, work.digest, work.version))


def judge_deployment(work: Deployed, seen: SeenDeployment) -> Proof:
    require(set(work.changes) <= {"create", "update"}, f"deploying changed nothing: {work.changes}")
    require_equal(seen.declared.spec, {"model": MODEL, "version": work.version}, "what is declared")
    _require_answers(seen.served, work.version, "the endpoint")
    require_equal(seen.served.labels, seen.offline.labels, "served labels, against the offline ones")
    require(seen.served.agrees_with(seen.offline), "the served probabilities are not those computed offline")
    facts = {"rows": len(seen.served.labels), "version": work.version}
    return Proof(seen.declared.id, facts)


def roll_back(stage: Stage) -> RolledBack:
    """Train, approve and deploy a second version; when it answers, go back in one step."""
    second = _second_version(stage)
    digest = waiting_digest(stage, second["id"])
    stage.approver.tenuto("approve", f"{MODEL}@{second['version']}", "--digest", digest)
    into_traffic(stage, second["version"])
    between = predict_until(stage, ENDPOINT, second["version"], over_http=True)
    stage.approver.tenuto("rollback", "endpoint", ENDPOINT)
    first: ModelVersion = stage.kept["first"]
    return RolledBack(first.version, second["version"], stage.kept["first_answers"], between)


def look_at_rollback(stage: Stage, work: RolledBack) -> SeenRollback:
    served = predict_until(stage, ENDPOINT, work.first)
    return SeenRollback(stage.owner.client.resources.history("Endpoint", ENDPOINT), served)


def judge_rollback(work: RolledBack, seen: SeenRollback) -> Proof:
    _require_answers(work.between, work.second, "the endpoint with the second version")
    _require_answers(seen.served, work.first, "the endpoint after the rollback")
    require(not work.between.agrees_with(work.before), "both versions answer alike: nothing was proven")
    require_equal(seen.served.labels, work.before.labels, "labels after the rollback, against the first ones")
    require(seen.served.agrees_with(work.before), "the first version's answers are not back")
    versions = [(one.spec or {}).get("version") for one in reversed(seen.history)]
    wanted = [work.first, work.second, work.first]
    require_equal(versions[-3:], wanted, "the last versions in the endpoint's history")
    return Proof(f"{seen.history[0].id}@{seen.history[0].version}", {"versions": versions})


def into_traffic(stage: Stage, version: int) -> Any:
    return stage.approver.tenuto("deploy", f"{MODEL}@{version}", "--endpoint", ENDPOINT)


def waiting_digest(stage: Stage, subject: str) -> str:
    """Return the digest that a decision on the version would be bound to."""
    waiting = stage.approver.tenuto("get", "approvals")["items"]
    found = [one["subject_digest"] for one in waiting if one["subject_id"] == subject]
    require(len(found) == 1, f"{len(found)} approvals wait for the version, not one")
    return str(found[0])


def _second_version(stage: Stage) -> Any:
    """Train again with another depth: the same graph and code, submitted over plain HTTP."""
    made_by = producing_run(stage.kept["first"].producer)
    first = stage.scientist.http.get(f"/api/v1/runs/{made_by}")["run"]
    parameters = {name: value["text"] for name, value in first["parameters"].items()}
    parameters["depth"] = str(stage.second_depth)
    body = {"graph": first["graph"], "code": first["code"], "parameters": parameters}
    run = stage.scientist.http.post("/api/v1/runs", body)["id"]
    require_succeeded(follow(stage, run))
    made = stage.approver.tenuto("model", "show", MODEL)
    require_equal(producing_run(made["producer"]), run, "run that made the second version")
    return made


def _refusal(stage: Stage, decision: dict[str, Any]) -> Refused:
    """Return how the author is refused. A role that he has lets him approve what others made."""
    try:
        stage.scientist.http.post(f"/api/v1/models/{MODEL}/approve", decision)
    except Refused as refusal:
        return refusal
    raise DemoFailedError("the author approved his own version")


def _about(work: Decided, entry: AuditEntry) -> bool:
    return entry.record.resource.name == work.label


def _require_answers(answered: Answered, version: int, who: str) -> None:
    require_equal(answered.version, version, f"version with which {who} answers")
    require(len(set(answered.labels)) > 1, f"{who} gives every row the same label")
