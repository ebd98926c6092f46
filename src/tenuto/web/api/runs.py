"""Code and runs over HTTP."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines import use_cases
from tenuto.pipelines.records import RunDetail, RunRecord
from tenuto.pipelines.use_cases import NewRun
from tenuto.registry.words import Artifact
from tenuto.store.errors import BLOB_MISSING
from tenuto.web.api.scopes import services_of, workspace_scope
from tenuto.web.registry.words import PLAIN_READ, Route
from tenuto.web.words import Call, Input

_TAG = "runs"
_LARGEST_PROJECT = 10_000_000_000  # bytes; how much an installation takes is its setting


class CodeQuery(Input, frozen=True, kw_only=True):
    name: str = "project"


class SubmitBody(Input, frozen=True, kw_only=True):
    """``graph`` is a traced pipeline, ``code`` the digest of the uploaded project, ``parameters`` typed JSON."""

    graph: msgspec.Raw
    code: str
    parameters: dict[str, str] = {}
    seed: int = 0


class LogQuery(Input, frozen=True, kw_only=True):
    node: str | None = None


class Log(msgspec.Struct, frozen=True):
    node: str
    text: str


class Logs(msgspec.Struct, frozen=True):
    items: list[Log]


class Runs(msgspec.Struct, frozen=True):
    items: list[RunRecord]


def upload_code(call: Call, _body: None, query: CodeQuery) -> Artifact:
    services, upload = services_of(call), call.upload
    if upload is None:
        raise TenutoError(BLOB_MISSING, "the request has no body")
    stored = services.blobs.put_file(upload.path)
    return use_cases.submit_code(
        services.desk, workspace_scope(call), digest=stored.digest, size=stored.size, name=query.name
    )


def submit(call: Call, body: SubmitBody, _query: None) -> RunRecord:
    new = NewRun(graph=bytes(body.graph), code=body.code, parameters=body.parameters, seed=body.seed)
    return use_cases.submit(services_of(call).desk, workspace_scope(call), new=new)


def listing(call: Call, _body: None, _query: None) -> Runs:
    return Runs(use_cases.runs(services_of(call).desk, workspace_scope(call)))


def show(call: Call, _body: None, _query: None) -> RunDetail:
    return use_cases.run(services_of(call).desk, workspace_scope(call), run_id=call.path["run"])


def logs(call: Call, _body: None, query: LogQuery) -> Logs:
    found = use_cases.logs(
        services_of(call).desk, workspace_scope(call), run_id=call.path["run"], node=query.node
    )
    return Logs([Log(node, text) for node, text in found])


def cancel(call: Call, _body: None, _query: None) -> RunRecord:
    return use_cases.cancel(services_of(call).desk, workspace_scope(call), run_id=call.path["run"])


def routes() -> list[Route]:
    return [*_submission_routes(), *_reading_routes()]


def _submission_routes() -> list[Route]:
    return [
        Route(
            "POST",
            "/api/v1/code",
            handler=upload_code,
            summary="Upload a project's archive; the body is the tar itself",
            action="pipelines:code:submit",
            resource="Code",
            audit="code.submitted",
            query=CodeQuery,
            response=Artifact,
            upload_limit=_LARGEST_PROJECT,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/runs",
            handler=submit,
            summary="Start a run of a pipeline",
            action="pipelines:run:submit",
            resource="Run",
            audit="run.submitted",
            body=SubmitBody,
            response=RunRecord,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/runs/{run}/cancel",
            handler=cancel,
            summary="Stop a run soon",
            action="pipelines:run:cancel",
            resource="Run",
            audit="run.cancel_requested",
            response=RunRecord,
            tag=_TAG,
        ),
    ]


def _reading_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/runs",
            handler=listing,
            summary="Runs, newest first",
            action="pipelines:run:read",
            resource="Run",
            audit=PLAIN_READ,
            response=Runs,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/runs/{run}",
            handler=show,
            summary="A run with each of its tasks, how often each ran, and why",
            action="pipelines:run:read",
            resource="Run",
            audit=PLAIN_READ,
            response=RunDetail,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/runs/{run}/logs",
            handler=logs,
            summary="What the steps of a run printed",
            action="pipelines:run:read",
            resource="Run",
            audit=PLAIN_READ,
            query=LogQuery,
            response=Logs,
            tag=_TAG,
        ),
    ]
