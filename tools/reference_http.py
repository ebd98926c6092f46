"""The page of the control plane's HTTP API, from the routes that its areas declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from reference_types import fields_table, text, type_name

OPENING = """\
Every address of the control plane, with what it takes and gives. The same as a machine reads it:
`/api/v1/openapi.json` on a running platform. A request carries a key or a login as `Authorization: Bearer ...`
unless the address is public."""


def page(routes: Iterable[Any]) -> str:
    parts = ["# HTTP API", OPENING]
    area = None
    for route in sorted(routes, key=lambda route: (route.tag, route.path, route.method)):
        if route.tag != area:
            area = route.tag
            parts.append(f"## {area.capitalize() or 'Other'}")
        parts += [f"### `{route.method} {route.path}`", text(route.summary), _right(route)]
        parts += filter(None, [_shape("Query", route.query), _body(route), _answer(route)])
    return "\n\n".join(parts)


def _right(route: Any) -> str:
    if route.public is not None:
        return f"Public: {text(route.public.why)}."
    named = isinstance(route.audit, str)
    if route.authenticated is not None:
        return f"For everybody who is known: {text(route.authenticated.why)}."
    audit = f"recorded as `{route.audit}`" if named else f"not recorded ({text(route.audit.why)})"
    return f"Asks for `{route.action}` on {route.resource}; {audit}."


def _body(route: Any) -> str:
    if route.upload_limit is not None:
        return f"Body: bytes, {route.upload_limit:,} at most."
    return _shape("Body", route.body)


def _answer(route: Any) -> str:
    if route.response is None:
        return f"Answer: {route.status}, nothing."
    return _shape(f"Answer, {route.status}", route.response, taken=False)


def _shape(label: str, kind: Any, *, taken: bool = True) -> str:
    if kind is None:
        return ""
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    fields = fields_table(kind, taken=taken) if is_struct else ""
    return f"{label}:\n\n{fields}" if fields else f"{label}: {text(_named(kind))}."


def _named(kind: Any) -> str:
    return kind.__name__.lower() if isinstance(kind, type) else type_name(msgspec.inspect.type_info(kind))
