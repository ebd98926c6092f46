"""Declared things over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.govern.resources import use_cases
from tenuto.govern.resources.words import Change, Document, Kind, Level, Stored
from tenuto.web.api.scopes import any_scope, organisation_scope, services_of
from tenuto.web.registry.words import PLAIN_READ, NotAudited, Public, Route
from tenuto.web.words import Call, Input

_TAG = "resources"


class Documents(Input, frozen=True, kw_only=True):
    documents: list[Document]


class KindQuery(Input, frozen=True, kw_only=True):
    kind: str | None = None


class RollbackBody(Input, frozen=True, kw_only=True):
    version: int | None = None  # the one before the current when left out


class KindView(msgspec.Struct, frozen=True):
    name: str
    level: Level
    summary: str
    schema: dict[str, Any]


class Changes(msgspec.Struct, frozen=True):
    changes: list[Change]


class Resources(msgspec.Struct, frozen=True):
    items: list[Stored]


class KindViews(msgspec.Struct, frozen=True):
    items: list[KindView]


def list_kinds(call: Call, _body: None, _query: None) -> KindViews:
    kinds = services_of(call).kinds
    return KindViews([_view(kind, kinds.schema(kind.name)) for kind in kinds])


def plan(call: Call, body: Documents, _query: None) -> Changes:
    services = services_of(call)
    scope = organisation_scope(call)
    return Changes(use_cases.plan(services.desk, scope, kinds=services.kinds, documents=body.documents))


def apply(call: Call, body: Documents, _query: None) -> Changes:
    services = services_of(call)
    scope = organisation_scope(call)
    return Changes(use_cases.apply(services.desk, scope, kinds=services.kinds, documents=body.documents))


def listing(call: Call, _body: None, query: KindQuery) -> Resources:
    services = services_of(call)
    return Resources(use_cases.listing(services.desk, any_scope(call), kinds=services.kinds, kind=query.kind))


def get(call: Call, _body: None, _query: None) -> Stored:
    services = services_of(call)
    return use_cases.get(services.desk, any_scope(call), kinds=services.kinds, **call.path)


def history(call: Call, _body: None, _query: None) -> Resources:
    services = services_of(call)
    return Resources(use_cases.history(services.desk, any_scope(call), kinds=services.kinds, **call.path))


def rollback(call: Call, body: RollbackBody, _query: None) -> Change:
    services = services_of(call)
    scope = any_scope(call)
    return use_cases.rollback(services.desk, scope, kinds=services.kinds, version=body.version, **call.path)


def delete(call: Call, _body: None, _query: None) -> Change:
    services = services_of(call)
    return use_cases.delete(services.desk, any_scope(call), kinds=services.kinds, **call.path)


def routes() -> list[Route]:
    return [*_collection_routes(), *_item_routes()]


def _collection_routes() -> list[Route]:
    read, change = "govern:resource:read", "govern:resource:apply"
    return [
        Route(
            "GET",
            "/api/v1/kinds",
            handler=list_kinds,
            summary="The kinds of resources with the JSON Schema of each",
            public=Public("schemas hold no data, and are the same in every installation"),
            response=KindViews,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/plan",
            handler=plan,
            summary="What applying these documents would change",
            action=read,
            resource="Resource",
            audit=NotAudited("it says what would change, and changes nothing"),
            body=Documents,
            response=Changes,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/apply",
            handler=apply,
            summary="Make the declared things so, all of them or none",
            action=change,
            resource="Resource",
            audit="resource.applied",
            body=Documents,
            response=Changes,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/resources",
            handler=listing,
            summary="The declared things of the organisation, or of the workspace named in the header",
            action=read,
            resource="Resource",
            audit=PLAIN_READ,
            query=KindQuery,
            response=Resources,
            tag=_TAG,
        ),
    ]


def _item_routes() -> list[Route]:
    read, change = "govern:resource:read", "govern:resource:apply"
    address = "/api/v1/resources/{kind}/{name}"
    return [
        Route(
            "GET",
            address,
            handler=get,
            summary="One declared thing",
            action=read,
            resource="Resource",
            audit=PLAIN_READ,
            response=Stored,
            tag=_TAG,
        ),
        Route(
            "GET",
            f"{address}/history",
            handler=history,
            summary="Its versions, newest first",
            action=read,
            resource="Resource",
            audit=PLAIN_READ,
            response=Resources,
            tag=_TAG,
        ),
        Route(
            "POST",
            f"{address}/rollback",
            handler=rollback,
            summary="Declare again what an earlier version said",
            action=change,
            resource="Resource",
            audit="resource.applied",
            body=RollbackBody,
            response=Change,
            tag=_TAG,
        ),
        Route(
            "DELETE",
            address,
            handler=delete,
            summary="Take a declared thing away; its history stays",
            action="govern:resource:delete",
            resource="Resource",
            audit="resource.deleted",
            response=Change,
            tag=_TAG,
        ),
    ]


def _view(kind: Kind, schema: dict[str, Any]) -> KindView:
    return KindView(kind.name, kind.level, kind.summary, schema)
