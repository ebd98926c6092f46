"""Submit runs, look at them, stop them."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.graph_checks import read_graph
from tenuto.core.words import Event, Ref
from tenuto.govern.use_case import Case, use_case
from tenuto.govern.workspaces.errors import WORKSPACE_NEEDED
from tenuto.pipelines import queries
from tenuto.pipelines.records import RunDetail, RunRecord
from tenuto.pipelines.rules.inputs import parameters_of, results_of
from tenuto.registry import queries as registry
from tenuto.registry.words import PROJECT, Artifact


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """``graph`` is a traced pipeline as JSON, ``code`` the digest of the uploaded project.

    ``parameters`` are typed JSON by name.
    """

    graph: bytes
    code: str
    parameters: dict[str, str] = {}
    seed: int = 0


@use_case("pipelines:code:submit")
def submit_code(case: Case, *, digest: str, size: int, name: str) -> Artifact:
    """Make an uploaded project known. Code is run with the rights of a step, never with a person's."""
    if case.scope.workspace is None:
        raise TenutoError(WORKSPACE_NEEDED)
    kept = Artifact(
        id=case.ids.new(),
        workspace=case.scope.workspace,
        kind=PROJECT,
        digest=digest,
        size=size,
        media_type="application/x-tar",
        name=name,
        producer="upload",
        created_by=case.scope.actor.answerable,
        created_at=case.clock.now(),
    )
    case.permit(Ref("Code", kept.id, name, case.scope.workspace))
    registry.insert_artifact(case.tx, kept)
    case.record(Ref("Code", kept.id, name, case.scope.workspace), {"digest": digest, "size": size})
    return kept


@use_case("pipelines:run:submit")
def submit(case: Case, *, new: NewRun) -> RunRecord:
    """Start a run: a worker takes it up at once, or when one is free."""
    if case.scope.workspace is None:
        raise TenutoError(WORKSPACE_NEEDED)
    graph = read_graph(new.graph)
    code = registry.artifact_by_digest(case.tx, new.code)
    record = RunRecord(
        id=case.ids.new(),
        workspace=case.scope.workspace,
        pipeline=graph.name,
        graph=graph,
        code=code.digest,
        parameters=parameters_of(graph, new.parameters),
        seed=new.seed,
        status="queued",
        cancelled=False,
        actor=case.scope.actor,
        authors=sorted({case.scope.actor.answerable, code.created_by}),
        created_at=case.clock.now(),
    )
    case.permit(record.ref)
    queries.insert_run(case.tx, record)
    detail = {"pipeline": graph.name, "code": code.digest, "nodes": len(graph.nodes)}
    case.record(record.ref, detail, [Event("run.submitted", record.id, {"pipeline": graph.name})])
    return record


@use_case("pipelines:run:read", mutating=False)
def runs(case: Case) -> list[RunRecord]:
    case.permit(Ref("Run", "*", "", case.scope.workspace))
    return [one for one in queries.runs(case.tx) if case.may(one.ref)]


@use_case("pipelines:run:read", mutating=False)
def run(case: Case, *, run_id: str) -> RunDetail:
    """Return a run with each of its tasks and, when it succeeded, its results."""
    found = queries.find_run(case.tx, run_id)
    case.permit(found.ref)
    state = queries.state_of(case.tx, found)
    results = results_of(state) if found.status == "succeeded" else {}
    shown = {name: msgspec.to_builtins(value) for name, value in results.items()}
    return RunDetail(found, queries.tasks_of(case.tx, run_id), shown)


@use_case("pipelines:run:read", mutating=False)
def logs(case: Case, *, run_id: str, node: str | None = None) -> list[tuple[str, str]]:
    found = queries.find_run(case.tx, run_id)
    case.permit(found.ref)
    return queries.logs(case.tx, run_id, node)


@use_case("pipelines:run:cancel")
def cancel(case: Case, *, run_id: str) -> RunRecord:
    """Stop a run soon: what runs is ended, what waits is not started. One that has ended is returned as it is."""
    found = queries.find_run(case.tx, run_id)
    case.permit(found.ref)
    if not queries.request_cancel(case.tx, run_id):
        ended = queries.find_run(case.tx, run_id)  # perhaps since it was looked up
        case.record(ended.ref, {"status": ended.status})
        return ended
    case.record(found.ref, {"status": found.status}, [Event("run.cancel_requested", found.id)])
    return msgspec.structs.replace(found, cancelled=True)
