"""What makes a route complete. Pure: routes in, sentences out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from tenuto.web.registry.words import PLAIN_READ, NotAudited, Route, Surface

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"\{([a-z_][a-z0-9_]*)(:path)?\}")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")


def problems_of(route: Route, actions: Collection[str] | None) -> list[str]:
    """Return every reason not to serve ``route``; ``actions`` are the known ones, None to skip that check."""
    return [
        *_address_problems(route),
        *_right_problems(route, actions),
        *_input_problems(route),
        *_surface_problems(route),
    ]


def parameters_of(path: str) -> list[str]:
    return [name for name, _ in _PARAMETER.findall(path)]


def shape_of(path: str) -> str:
    """Return the path without the names of its parameters: two routes of one shape are duplicates."""
    return _PARAMETER.sub(lambda found: "{:path}" if found[2] else "{}", path)


def _address_problems(route: Route) -> Iterator[str]:
    if route.method not in METHODS:
        yield f"method {route.method!r} is none of {', '.join(METHODS)}"
    if not route.path.startswith("/") or (route.path.endswith("/") and route.path != "/"):
        yield "the path starts with one slash and does not end with one"
    segments = route.path[1:].split("/") if route.path != "/" else []
    if not all(_PARAMETER.fullmatch(segment) or _SEGMENT.fullmatch(segment) for segment in segments):
        yield "each segment of the path is one word or one {parameter}"
    if any(segment.endswith(":path}") for segment in segments[:-1]):
        yield "a parameter that takes the rest of the path comes last"
    names = parameters_of(route.path)
    if len(names) != len(set(names)):
        yield "a parameter of the path is named twice"


def _right_problems(route: Route, actions: Collection[str] | None) -> Iterator[str]:
    declared = (route.action, route.resource, route.audit)
    if route.public is not None or route.authenticated is not None:
        yield from _unasked_problems(route)
        return
    names = ("action", "resource", "audit")
    missing = [name for name, value in zip(names, declared, strict=True) if not value]
    if missing:
        yield f"not declared: {', '.join(missing)}"
    if route.audit == PLAIN_READ and not route.is_safe:
        yield "only a GET can be a plain read"
    if isinstance(route.audit, NotAudited) and not route.audit.why.strip():
        yield "a route without audit record says why"
    if actions is not None and route.action and route.action not in actions:
        yield f"action {route.action!r} is not known"


def _unasked_problems(route: Route) -> Iterator[str]:
    """Yield what is wrong with a route that asks no permission: it is public, or being known is enough."""
    kinds = {"a public": route.public, "an authenticated": route.authenticated}
    if all(kinds.values()):
        yield "a route is public or needs somebody known, not both"
    for kind, declared in kinds.items():
        if declared is not None and not declared.why.strip():
            yield f"{kind} route says why"
        if declared is not None and (route.action or route.resource):
            yield f"{kind} route asks no permission, so it declares no action and no resource"
    if not route.audit and not route.is_safe:
        yield "not declared: audit"


def _input_problems(route: Route) -> Iterator[str]:
    if not route.summary.strip():
        yield "not declared: summary"
    if inspect.iscoroutinefunction(route.handler):
        yield "the handler is a plain function; it runs in the thread pool"
    if route.is_safe and (route.body is not None or route.upload_limit is not None):
        yield "a GET takes no body"
    if route.body is not None and route.upload_limit is not None:
        yield "a route takes a body or an upload, not both"
    for kind in (route.body, route.query):
        yield from (
            f"{name} ignores unknown fields; declare it forbid_unknown_fields=True" for name in _lenient(kind)
        )


def _surface_problems(route: Route) -> Iterator[str]:
    if route.surface is Surface.API:
        if route.response is None and route.status != 204:
            yield "not declared: response (or status 204)"
        if route.title or route.nav or route.when_refused:
            yield "title, nav and when_refused belong to console pages"
        return
    if route.path.startswith("/api/"):
        yield "a console page does not live under /api/"
    if route.is_safe and not route.title:
        yield "a console page has a title"
    if route.nav is not None and (not route.is_safe or parameters_of(route.path)):
        yield "only a GET without parameters can stand in the navigation"


def _lenient(kind: type[msgspec.Struct] | None) -> list[str]:
    """Return the names of all structs within ``kind`` that would swallow an unknown field."""
    seen: dict[type, bool] = {}
    if kind is not None:
        _visit(msgspec.inspect.type_info(kind), seen)
    return sorted(struct.__name__ for struct, strict in seen.items() if not strict)


def _visit(info: Any, seen: dict[type, bool]) -> None:
    if isinstance(info, msgspec.inspect.StructType):
        if info.cls in seen:
            return
        seen[info.cls] = info.forbid_unknown_fields
        for field in info.fields:
            _visit(field.type, seen)
        return
    for inner in _inner_types(info):
        _visit(inner, seen)


def _inner_types(info: Any) -> list[Any]:
    names = ("item_type", "key_type", "value_type", "type")
    inner = [getattr(info, name) for name in names if hasattr(info, name)]
    return [*inner, *getattr(info, "types", ()), *getattr(info, "item_types", ())]
