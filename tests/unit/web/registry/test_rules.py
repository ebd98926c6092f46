"""A route is served only when it says everything."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tenuto.core.errors import TenutoError
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.rules import problems_of, shape_of
from tenuto.web.registry.words import (
    PLAIN_READ,
    Authenticated,
    Group,
    Nav,
    NotAudited,
    Public,
    Route,
    Surface,
)
from tenuto.web.words import Input


class Strict(Input, frozen=True, kw_only=True):
    name: str


class Lenient(msgspec.Struct):
    name: str


class Holder(Input, frozen=True, kw_only=True):
    items: dict[str, list[Lenient | None]] = msgspec.field(default_factory=dict)


class Tree(Input, frozen=True, kw_only=True):
    children: list[Tree] = msgspec.field(default_factory=list)


def _handler(_call: Any, _body: Any, _query: Any) -> None:
    return None


async def _coroutine(_call: Any, _body: Any, _query: Any) -> None:
    return None


def _route(method: str = "GET", path: str = "/api/v1/things", **given: Any) -> Route:
    declared: dict[str, Any] = {
        "handler": _handler,
        "summary": "Things",
        "action": "things:read",
        "resource": "thing",
        "audit": PLAIN_READ if method == "GET" else "thing.made",
        "response": dict[str, int],
    }
    return Route(method, path, **{**declared, **given})


COMPLETE = [
    _route(),
    _route("POST", body=Strict, status=201),
    _route("POST", body=Tree),
    _route("DELETE", "/api/v1/things/{name}", response=None, status=204),
    _route("PUT", "/api/v1/files/{name}/{rest:path}", upload_limit=10),
    _route("POST", audit=NotAudited("it only asks")),
    _route(action="", resource="", audit="", public=Public("everybody may")),
    _route(action="", resource="", audit="", authenticated=Authenticated("it is their own")),
    _route(path="/things", surface=Surface.CONSOLE, title="things", nav=Nav(Group.BUILD, "things", "run")),
]
INCOMPLETE = [
    (_route(action=""), "not declared: action"),
    (_route(resource=""), "not declared: resource"),
    (_route(audit=""), "not declared: audit"),
    (_route(action="", resource="", audit=""), "not declared: action, resource, audit"),
    (_route(summary=" "), "not declared: summary"),
    (_route(response=None), "not declared: response"),
    (_route(public=Public("everybody may")), "a public route asks no permission"),
    (_route(action="", resource="", public=Public(" ")), "a public route says why"),
    (_route("POST", action="", resource="", audit="", public=Public("may")), "not declared: audit"),
    (_route(authenticated=Authenticated("own")), "an authenticated route asks no permission"),
    (_route(action="", resource="", authenticated=Authenticated(" ")), "an authenticated route says why"),
    (
        _route(action="", resource="", public=Public("may"), authenticated=Authenticated("own")),
        "public or needs somebody known",
    ),
    (_route("POST", audit=PLAIN_READ), "only a GET can be a plain read"),
    (_route(audit=NotAudited("")), "says why"),
    (_route("BREW"), "method 'BREW'"),
    (_route("HEAD"), "method 'HEAD'"),
    (_route(path="things"), "starts with one slash"),
    (_route(path="/things/"), "does not end with one"),
    (_route(path="//things"), "each segment"),
    (_route(path="/things/{a}-{b}"), "each segment"),
    (_route(path="/things/{a}/{a}"), "named twice"),
    (_route(path="/{rest:path}/things"), "comes last"),
    (_route(handler=_coroutine), "a plain function"),
    (_route(body=Strict), "a GET takes no body"),
    (_route(upload_limit=1), "a GET takes no body"),
    (_route("POST", body=Strict, upload_limit=1), "not both"),
    (_route("POST", body=Lenient), "Lenient ignores unknown fields"),
    (_route("POST", body=Holder), "Lenient ignores unknown fields"),
    (_route(query=Lenient), "Lenient ignores unknown fields"),
    (_route(title="things"), "belong to console pages"),
    (_route(surface=Surface.CONSOLE, title="things"), "does not live under /api/"),
    (_route(path="/things", surface=Surface.CONSOLE), "has a title"),
    (
        _route(path="/things/{name}", surface=Surface.CONSOLE, title="t", nav=Nav(Group.BUILD, "t", "run")),
        "only a GET without parameters",
    ),
]


@pytest.mark.parametrize("route", COMPLETE, ids=lambda route: f"{route.method} {route.path}")
def test_a_complete_route_is_taken(route: Route) -> None:
    assert problems_of(route, None) == []


@pytest.mark.parametrize(("route", "problem"), INCOMPLETE, ids=[problem for _, problem in INCOMPLETE])
def test_an_incomplete_route_is_refused_with_the_reason(route: Route, problem: str) -> None:
    assert any(problem in found for found in problems_of(route, None))
    with pytest.raises(TenutoError, match=r"a route is not declared completely"):
        Registry([route])


def test_an_action_that_no_policy_knows_is_refused() -> None:
    assert problems_of(_route(), {"things:read"}) == []
    assert problems_of(_route(), {"things:write"}) == ["action 'things:read' is not known"]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(TenutoError) as refused:
        Registry([_route(action=""), _route(path="/api/v1/others", summary="")])
    assert "GET /api/v1/things: not declared: action" in refused.value.detail
    assert "GET /api/v1/others: not declared: summary" in refused.value.detail


def test_the_shape_forgets_the_names_of_parameters() -> None:
    assert shape_of("/a/{b}/c/{d:path}") == "/a/{}/c/{:path}"
