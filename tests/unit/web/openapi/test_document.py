"""The description says what the routes say, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from tenuto.web.faults import error_body
from tenuto.web.openapi.document import openapi_document
from tenuto.web.openapi.words import ErrorBody


def _described(visitor: Any) -> Any:
    return visitor.client.get("/api/v1/openapi.json").json()


def test_every_route_of_the_api_is_described_and_no_page(visitor: Any) -> None:
    document = _described(visitor)
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    declared = {
        (route.method, re.sub(r":path\}", "}", route.path))
        for route in visitor.registry
        if route.path.startswith("/api/")
    }
    assert described == declared


def test_the_same_registry_gives_the_same_bytes(visitor: Any) -> None:
    routes = list(visitor.registry)
    first = msgspec.json.encode(openapi_document(routes, "1"))
    assert msgspec.json.encode(openapi_document(routes, "1")) == first


def test_every_reference_leads_somewhere(visitor: Any) -> None:
    document = _described(visitor)
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    assert references
    for reference in references:
        place = document
        for step in reference.split("/"):
            place = place[step]


def test_every_operation_has_a_name_of_its_own_a_tag_and_its_rights(visitor: Any) -> None:
    operations = [
        operation for methods in _described(visitor)["paths"].values() for operation in methods.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["tags"]
        unasked = {"x-tenuto-public", "x-tenuto-authenticated"} & operation.keys()
        assert unasked or operation["x-tenuto-action"]
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Error"}


def test_bodies_queries_paths_and_uploads(visitor: Any) -> None:
    paths = _described(visitor)["paths"]
    made = paths["/api/v1/orders"]["post"]
    assert made["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Order"
    }
    assert made["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Made"
    }
    assert made["x-tenuto-audit"] == "order.made"
    listed = {
        parameter["name"]: parameter
        for parameter in paths["/api/v1/workspaces/{workspace}/orders"]["get"]["parameters"]
    }
    assert listed["workspace"]["in"] == "path"
    assert listed["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert listed["kind"]["schema"]["type"] == "array"
    assert not listed["limit"]["required"]
    upload = paths["/api/v1/orders/{name}/file"]["put"]
    assert upload["requestBody"]["content"] == {"application/octet-stream": {}}
    assert upload["x-tenuto-upload-limit"] == 1_000_000
    assert paths["/api/v1/news"]["get"]["responses"]["200"]["content"] == {"text/event-stream": {}}
    assert paths["/api/v1/orders/{name}"]["delete"]["responses"].keys() == {"204", "default"}
    assert paths["/api/v1/openapi.json"]["get"]["security"] == []


def test_query_types_are_shown_as_parameters_only(visitor: Any) -> None:
    schemas = _described(visitor)["components"]["schemas"]
    assert "SearchQuery" not in schemas
    assert {"Order", "Part", "Made", "ErrorBody", "Problem", "Language"} <= schemas.keys()
    assert schemas["Order"]["additionalProperties"] is False


def test_errors_have_the_described_shape(visitor: Any) -> None:
    for answer in (visitor.client.get("/api/v1/orders"), visitor.client.get("/api/v1/nowhere")):
        error = msgspec.json.decode(answer.content, type=ErrorBody, strict=True)
        assert error_body.__doc__
        assert error.error.request_id == answer.headers["x-request-id"]
