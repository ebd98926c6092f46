"""Which route an address means."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.words import PLAIN_READ, Route


def _route(method: str, path: str) -> Route:
    def handler(_call: Any, _body: Any, _query: Any) -> None:
        return None

    audit = PLAIN_READ if method == "GET" else "thing.made"
    return Route(
        method,
        path,
        handler=handler,
        summary="A thing",
        action="things:any",
        resource="thing",
        audit=audit,
        response=str,
    )


REGISTRY = Registry(
    [
        _route("GET", "/things/{name}"),
        _route("DELETE", "/things/{name}"),
        _route("GET", "/things/new"),
        _route("POST", "/things"),
        _route("GET", "/things/{name}/parts/{part}"),
        _route("PUT", "/things/{thing}/parts/{part}"),
        _route("GET", "/files/{rest:path}"),
        _route("GET", "/files/index"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/things/new", "/things/new", {}),
        ("HEAD", "/things/new", "/things/new", {}),
        ("GET", "/things/7", "/things/{name}", {"name": "7"}),
        ("DELETE", "/things/new", "/things/{name}", {"name": "new"}),
        ("GET", "/things/a/parts/b", "/things/{name}/parts/{part}", {"name": "a", "part": "b"}),
        ("PUT", "/things/a/parts/b", "/things/{thing}/parts/{part}", {"thing": "a", "part": "b"}),
        ("GET", "/files/index", "/files/index", {}),
        ("GET", "/files/a/b.txt", "/files/{rest:path}", {"rest": "a/b.txt"}),
    ],
)
def test_words_come_before_parameters(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    match = REGISTRY.match(method, path)
    assert (match.route.path, match.parameters) == (route, parameters)


@pytest.mark.parametrize("path", ["/", "/thing", "/things/", "/things/a/", "/Things", "/things/a/parts"])
def test_another_spelling_is_another_address(path: str) -> None:
    with pytest.raises(TenutoError) as refused:
        REGISTRY.match("GET", path)
    assert refused.value.fault.kind is FaultKind.NOT_FOUND


def test_a_method_that_does_not_work_is_told_from_an_unknown_address() -> None:
    with pytest.raises(TenutoError) as refused:
        REGISTRY.match("PATCH", "/things/new")
    assert refused.value.context == {"allow": ["DELETE", "GET"]}


def test_two_routes_of_one_shape_are_duplicates() -> None:
    with pytest.raises(TenutoError, match="declared twice"):
        Registry([_route("GET", "/things/{name}"), _route("GET", "/things/{id}")])


def test_routes_come_in_one_order_however_they_were_declared() -> None:
    assert [route.path for route in Registry(reversed(list(REGISTRY)))] == [route.path for route in REGISTRY]
    assert len(REGISTRY) == 8
