"""Datasets, models, approvals and artifacts over HTTP."""

from __future__ import annotations

import msgspec

from tenuto.data.ingestion import ingest
from tenuto.govern.approvals.words import Approval, ApprovalState
from tenuto.registry import use_cases
from tenuto.registry.attestations import public_key_text
from tenuto.registry.words import DatasetVersion, Edge, ModelVersion
from tenuto.web.api.scopes import services_of, workspace_scope
from tenuto.web.registry.words import PLAIN_READ, NotAudited, Public, Route
from tenuto.web.words import Call, Input, Stream

_TAG = "registry"


class IngestBody(Input, frozen=True, kw_only=True):
    dataset: str


class VersionQuery(Input, frozen=True, kw_only=True):
    version: int | None = None  # the newest when left out


class ApprovalQuery(Input, frozen=True, kw_only=True):
    state: ApprovalState | None = ApprovalState.WAITING


class DecisionBody(Input, frozen=True, kw_only=True):
    """``digest`` is the one that the approver looked at: the approval is bound to it."""

    version: int
    digest: str
    comment: str = ""


class Datasets(msgspec.Struct, frozen=True):
    items: list[DatasetVersion]


class Models(msgspec.Struct, frozen=True):
    items: list[ModelVersion]


class Lineage(msgspec.Struct, frozen=True):
    edges: list[Edge]


class SigningKey(msgspec.Struct, frozen=True):
    """``key`` is a public key as PEM."""

    key: str


class Approvals(msgspec.Struct, frozen=True):
    items: list[Approval]


def ingest_source(call: Call, body: IngestBody, _query: None) -> DatasetVersion:
    services = services_of(call)
    return ingest(
        services.desk,
        workspace_scope(call),
        services.blobs,
        services.source_roots,
        source=call.path["name"],
        dataset=body.dataset,
        limit=services.source_limit,
    )


def datasets(call: Call, _body: None, _query: None) -> Datasets:
    return Datasets(use_cases.datasets(services_of(call).desk, workspace_scope(call)))


def dataset(call: Call, _body: None, query: VersionQuery) -> DatasetVersion:
    return use_cases.dataset(
        services_of(call).desk, workspace_scope(call), name=call.path["name"], version=query.version
    )


def models(call: Call, _body: None, _query: None) -> Models:
    return Models(use_cases.models(services_of(call).desk, workspace_scope(call)))


def model(call: Call, _body: None, query: VersionQuery) -> ModelVersion:
    return use_cases.model(
        services_of(call).desk, workspace_scope(call), name=call.path["name"], version=query.version
    )


def lineage(call: Call, _body: None, query: VersionQuery) -> Lineage:
    return Lineage(
        use_cases.lineage(
            services_of(call).desk, workspace_scope(call), name=call.path["name"], version=query.version
        )
    )


def signing_key(call: Call, _body: None, _query: None) -> SigningKey:
    return SigningKey(public_key_text(services_of(call).signer.public_key))


def approvals(call: Call, _body: None, query: ApprovalQuery) -> Approvals:
    return Approvals(use_cases.pending(services_of(call).desk, workspace_scope(call), state=query.state))


def approve(call: Call, body: DecisionBody, _query: None) -> ModelVersion:
    return use_cases.approve(
        services_of(call).desk, workspace_scope(call), name=call.path["name"], **msgspec.structs.asdict(body)
    )


def refuse(call: Call, body: DecisionBody, _query: None) -> ModelVersion:
    return use_cases.refuse(
        services_of(call).desk, workspace_scope(call), name=call.path["name"], **msgspec.structs.asdict(body)
    )


def artifact_content(call: Call, _body: None, _query: None) -> Stream:
    services = services_of(call)
    found = use_cases.take_out(services.desk, workspace_scope(call), digest=call.path["digest"])
    return Stream(services.blobs.chunks(found.digest), found.media_type, found.name)


def routes() -> list[Route]:
    return [*_dataset_routes(), *_model_routes(), *_decision_routes()]


def _dataset_routes() -> list[Route]:
    return [
        Route(
            "POST",
            "/api/v1/sources/{name}/ingest",
            handler=ingest_source,
            summary="Read a source as it is now into the next version of a dataset",
            action="data:source:ingest",
            resource="Source",
            audit="dataset.registered",
            body=IngestBody,
            response=DatasetVersion,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/datasets",
            handler=datasets,
            summary="Dataset versions, newest first",
            action="registry:dataset:read",
            resource="Dataset",
            audit=PLAIN_READ,
            response=Datasets,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/datasets/{name}",
            handler=dataset,
            summary="A dataset version with schema, profile and provenance",
            action="registry:dataset:read",
            resource="Dataset",
            audit=PLAIN_READ,
            query=VersionQuery,
            response=DatasetVersion,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/artifacts/{digest}/content",
            handler=artifact_content,
            summary="The bytes of an artifact; a dataset, a model or code needs the right to take that out besides",
            action="registry:artifact:read",
            resource="Artifact",
            audit="dataset.downloaded, model.downloaded; none for code and evidence, which are plain reads",
            response=Stream,
            tag=_TAG,
        ),
    ]


def _model_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/models",
            handler=models,
            summary="Model versions, newest first",
            action="registry:model:read",
            resource="ModelVersion",
            audit=PLAIN_READ,
            response=Models,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/models/{name}",
            handler=model,
            summary="A model version with its evidence and gate",
            action="registry:model:read",
            resource="ModelVersion",
            audit=PLAIN_READ,
            query=VersionQuery,
            response=ModelVersion,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/models/{name}/lineage",
            handler=lineage,
            summary="Everything that had a part in making the version",
            action="registry:model:read",
            resource="ModelVersion",
            audit=PLAIN_READ,
            query=VersionQuery,
            response=Lineage,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/signing-key",
            handler=signing_key,
            summary="The public key that the statements about model versions are verified with",
            public=Public("a public key is public"),
            audit=NotAudited("a public key is public"),
            response=SigningKey,
            tag=_TAG,
        ),
    ]


def _decision_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/approvals",
            handler=approvals,
            summary="What waits for a person's decision",
            action="registry:approval:read",
            resource="Approval",
            audit=PLAIN_READ,
            query=ApprovalQuery,
            response=Approvals,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/models/{name}/approve",
            handler=approve,
            summary="Approve exactly the version, evidence and gate result under a digest",
            action="registry:model:approve",
            resource="ModelVersion",
            audit="model.approved",
            body=DecisionBody,
            response=ModelVersion,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/models/{name}/refuse",
            handler=refuse,
            summary="Refuse a version",
            action="registry:model:approve",
            resource="ModelVersion",
            audit="model.refused",
            body=DecisionBody,
            response=ModelVersion,
            tag=_TAG,
        ),
    ]
