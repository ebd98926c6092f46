"""All routes of one site, complete and without duplicates, and which of them an address means.

The routed ``Route`` is what access is decided on, never the address that the client wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec
from starlette.routing import compile_path

from tenuto.core.errors import TenutoError
from tenuto.web.errors import METHOD_NOT_ALLOWED, ROUTE_REFUSED, ROUTE_UNKNOWN
from tenuto.web.registry.rules import parameters_of, problems_of, shape_of
from tenuto.web.registry.words import Route


class Match(msgspec.Struct, frozen=True):
    route: Route
    parameters: dict[str, str]


class Registry:
    """Routes by address. Built once from everything that areas declare; never changed afterwards."""

    def __init__(self, routes: Iterable[Route], actions: Collection[str] | None = None) -> None:
        self._routes = sorted(routes, key=lambda route: (route.path, route.method))
        _require_complete(self._routes, actions)
        self._by_shape: dict[str, dict[str, Route]] = {}
        for route in self._routes:
            self._by_shape.setdefault(shape_of(route.path), {})[route.method] = route
        ordered = sorted(self._by_shape, key=_precedence)
        self._patterns = [(_pattern(self._by_shape[shape]), self._by_shape[shape]) for shape in ordered]

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def match(self, method: str, path: str) -> Match:
        """Return the route of an address. Raises NOT_FOUND, or UNSUPPORTED naming the methods that work."""
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        for pattern, by_method in self._patterns:
            found = pattern.match(path)
            if found is not None and wanted in by_method:
                route = by_method[wanted]
                # Routes of one shape may name their parameters differently: the names are this route's own.
                return Match(route, dict(zip(parameters_of(route.path), found.groups(), strict=True)))
            allowed.update(by_method if found is not None else ())
        if allowed:
            raise TenutoError(METHOD_NOT_ALLOWED, f"{method} {path}", allow=sorted(allowed))
        raise TenutoError(ROUTE_UNKNOWN, path)


def _require_complete(routes: list[Route], actions: Collection[str] | None) -> None:
    problems = [
        f"{route.method} {route.path}: {problem}"
        for route in routes
        for problem in problems_of(route, actions)
    ]
    seen: set[tuple[str, str]] = set()
    for route in routes:
        address = (route.method, shape_of(route.path))
        if address in seen:
            problems.append(f"{route.method} {route.path}: declared twice")
        seen.add(address)
    if problems:
        raise TenutoError(ROUTE_REFUSED, "; ".join(problems))


def _precedence(shape: str) -> tuple[tuple[int, str], ...]:
    """Words before parameters, parameters before "the rest of the path", segment by segment."""
    rank = {"{}": 1, "{:path}": 2}
    return tuple((rank.get(segment, 0), segment) for segment in shape.split("/"))


def _pattern(by_method: dict[str, Route]) -> re.Pattern[str]:
    regex, _, _ = compile_path(next(iter(by_method.values())).path)
    return regex
