"""OpenAPI 3.1 from the registry. The same registry always gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tenuto.web.openapi.words import ErrorBody
from tenuto.web.registry.rules import parameters_of
from tenuto.web.registry.words import NotAudited, Public, Route, Surface
from tenuto.web.words import Call, Content, File, Live, Stream

Json = dict[str, Any]
ADDRESS = "/api/v1/openapi.json"
_PREFIX = "/api/"
_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::path)?\}")
_RAW = {
    File: "application/octet-stream",
    Stream: "application/octet-stream",
    Content: "application/json",
    Live: "text/event-stream",
}


def openapi_document(routes: Iterable[Route], version: str) -> Json:
    """Describe every route below ``/api/``; ``version`` is the version of Tenuto."""
    shown = [route for route in routes if route.surface is Surface.API and route.path.startswith(_PREFIX)]
    schemas = _Schemas(shown)
    paths: dict[str, Json] = {}
    for route in shown:
        operations = paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})
        operations[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tenuto control plane",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in sorted({_tag(route) for route in shown})],
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "responses": {"Error": _error_response(schemas)},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def openapi_route(routes: Iterable[Route], version: str) -> Route:
    """Return the route that serves the description of ``routes`` and of itself."""

    def serve(_call: Call, _body: None, _query: None) -> Content:
        return content

    route = Route(
        "GET",
        ADDRESS,
        handler=serve,
        summary="This description",
        public=Public("the description holds no data, and is the same in every installation"),
        response=Content,
        tag="meta",
    )
    document = openapi_document([*routes, route], version)
    content = Content(msgspec.json.encode(document, order="deterministic"), "application/json")
    return route


class _Schemas:
    """The JSON Schemas of all types the routes name, in one namespace."""

    def __init__(self, routes: list[Route]) -> None:
        self._queries = [route.query for route in routes if route.query is not None]
        kinds = [ErrorBody, *self._queries]
        kinds += [route.body for route in routes if route.body is not None]
        kinds += [route.response for route in routes if not _is_raw(route.response)]
        unique = list({repr(kind): kind for kind in kinds}.values())
        found, self._components = msgspec.json.schema_components(unique, ref_template=_REF)
        self._by_kind = {repr(kind): schema for kind, schema in zip(unique, found, strict=True)}

    def of(self, kind: Any) -> Json:
        schema: Json = self._by_kind[repr(kind)]
        return schema

    def fields_of(self, kind: type[msgspec.Struct]) -> tuple[Json, list[str]]:
        """Return the properties of a query type and the names of the required ones."""
        component: Json = self._components[_name_in(self.of(kind))]
        return component.get("properties", {}), component.get("required", [])

    def components(self) -> Json:
        """Return all but the query types, whose fields are shown as parameters."""
        hidden = {_name_in(self.of(kind)) for kind in self._queries}
        return {name: schema for name, schema in sorted(self._components.items()) if name not in hidden}


def _name_in(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _is_raw(response: Any) -> bool:
    return response is None or response in _RAW


def _operation(route: Route, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [_tag(route)],
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": {str(route.status): _response(route, schemas), "default": _ref("responses/Error")},
        **_rights(route),
    }
    if route.body is not None:
        operation["requestBody"] = _json_body(schemas.of(route.body))
    if route.upload_limit is not None:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
        operation["x-tenuto-upload-limit"] = route.upload_limit
    return operation


def _rights(route: Route) -> Json:
    if route.public is not None:
        return {"security": [], "x-tenuto-public": route.public.why}
    if route.authenticated is not None:
        return {"x-tenuto-authenticated": route.authenticated.why}
    audit = f"none: {route.audit.why}" if isinstance(route.audit, NotAudited) else route.audit
    return {
        "x-tenuto-action": route.action,
        "x-tenuto-resource": route.resource,
        "x-tenuto-audit": audit,
    }


def _operation_id(route: Route) -> str:
    words = _PARAMETER.sub(r"by/\1", route.path.removeprefix("/api/v1"))
    return "_".join([route.method.lower(), *re.findall(r"[A-Za-z0-9]+", words)])


def _tag(route: Route) -> str:
    return route.tag or route.path.removeprefix("/api/v1/").partition("/")[0]


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in parameters_of(route.path)
    ]


def _query_parameters(route: Route, schemas: _Schemas) -> list[Json]:
    if route.query is None:
        return []
    fields, required = schemas.fields_of(route.query)
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in fields.items()
    ]


def _response(route: Route, schemas: _Schemas) -> Json:
    if route.response is None:
        return {"description": "Done; there is nothing to say."}
    if _is_raw(route.response):
        return {"description": "The content itself.", "content": {_RAW[route.response]: {}}}
    return {"description": route.summary, **_json_content(schemas.of(route.response))}


def _json_body(schema: Json) -> Json:
    return {"required": True, **_json_content(schema)}


def _json_content(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _error_response(schemas: _Schemas) -> Json:
    description = "What went wrong, what to do about it, and whether trying again can help."
    return {"description": description, **_json_content(schemas.of(ErrorBody))}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/{name}"}
