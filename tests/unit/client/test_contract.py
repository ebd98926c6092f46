"""The client and the API say the same: each route has one method, with its path, its inputs and its answer."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, BinaryIO, get_args, get_type_hints

import msgspec
import pytest

import tenuto.web.api
from tenuto.client.api import Tenuto
from tenuto.client.api.calls import Calls, Request
from tenuto.web.openapi.document import openapi_route
from tenuto.web.registry.rules import parameters_of
from tenuto.web.registry.words import Route, Surface
from tenuto.web.words import Stream

AREAS = ("resources", "identities", "access", "audit", "registry", "runs", "spend")
SAMPLES: dict[Any, Any] = {
    str: "x",
    int: 1,
    bool: True,
    bytes: b"{}",
    Path: Path("x"),
    BinaryIO: io.BytesIO(b""),
}


class Seen(msgspec.Struct):
    """One request that a method made. ``way`` is how its answer is taken: whole, as a file, or for a file."""

    method: str  # of the client
    request: Request
    kind: Any
    way: str


class Recorder(Calls):
    """Writes down what would be sent, and sends nothing."""

    def __init__(self) -> None:
        self.seen: list[tuple[Request, Any, str]] = []

    def send(self, request: Request, kind: type[Any]) -> Any:
        self._note(request, kind, "json")

    def upload(self, request: Request, file: BinaryIO, size: int, media_type: str, kind: type[Any]) -> Any:
        self._note(request, kind, "upload")

    def download(self, request: Request, target: Path) -> int:
        self._note(request, None, "download")
        return 0

    def _note(self, request: Request, kind: Any, way: str) -> None:
        self.seen.append((request, kind, way))
        raise NothingSentError


class NothingSentError(Exception):
    pass


def _methods(client: Tenuto) -> Iterator[tuple[str, Any]]:
    yield "openapi", client.openapi
    for area in AREAS:
        held = getattr(client, area)
        for name, method in inspect.getmembers(held, inspect.ismethod):
            if not name.startswith("_"):
                yield f"{area}.{name}", method


def _arguments(method: Any) -> dict[str, Any]:
    """Return a value for every parameter, optional ones too."""
    hints = get_type_hints(method)
    return {name: _sample(hints[name], name) for name in inspect.signature(method).parameters}


def _sample(hint: Any, name: str) -> Any:
    if hint in SAMPLES:
        return SAMPLES[hint]
    inner = [one for one in get_args(hint) if one is not NoneType]
    origin = getattr(hint, "__origin__", None)
    if origin is not None and issubclass(origin, Sequence):
        return ()
    if origin is not None:
        return {}
    assert inner, f"no sample for {name}: {hint}"
    return _sample(inner[0], name)


def _everything_the_client_sends() -> list[Seen]:
    client = Tenuto("http://127.0.0.1:1")
    recorder = Recorder()
    client._calls = recorder
    found = []
    for name, method in _methods(client):
        with pytest.raises(NothingSentError):
            method(**_arguments(method))
        found.append(Seen(name, *recorder.seen.pop()))
    return found


def _routes() -> list[Route]:
    areas = [
        importlib.import_module(f"tenuto.web.api.{one.name}")
        for one in pkgutil.iter_modules(tenuto.web.api.__path__)
    ]
    declared = [route for area in areas if hasattr(area, "routes") for route in area.routes()]
    return [*declared, openapi_route(declared, "0")]


ROUTES = {
    (route.method, route.path): route
    for route in _routes()
    if route.surface is Surface.API and route.path.startswith("/api/v1/")
}
SENT = _everything_the_client_sends()


def test_each_route_has_one_method() -> None:
    sent = [(seen.request.method, seen.request.path) for seen in SENT]
    assert sorted(sent) == sorted(ROUTES)


@pytest.mark.parametrize("seen", SENT, ids=lambda seen: seen.method)
def test_the_method_gives_what_the_route_takes(seen: Seen) -> None:
    route = ROUTES[seen.request.method, seen.request.path]
    assert sorted(seen.request.values) == sorted(parameters_of(route.path))
    assert set(seen.request.query) == _fields(route.query)
    assert set(seen.request.body or {}) == _fields(route.body)
    assert (seen.way == "upload") == (route.upload_limit is not None)
    assert (seen.way == "download") == (route.response is Stream)


@pytest.mark.parametrize(
    "seen",
    [seen for seen in SENT if seen.way != "download" and seen.method != "openapi"],
    ids=lambda seen: seen.method,
)
def test_the_answer_is_the_word_that_the_client_has(seen: Seen) -> None:
    route = ROUTES[seen.request.method, seen.request.path]
    found = list(
        _parted(msgspec.inspect.type_info(route.response), msgspec.inspect.type_info(seen.kind), "$")
    )
    assert not found, "\n".join(["", *found])


def _fields(kind: Any) -> set[str]:
    return set() if kind is None else {field.encode_name for field in msgspec.structs.fields(kind)}


def _parted(theirs: Any, ours: Any, place: str, seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """Yield each place where the API's type and the client's part."""
    if _passed_through(theirs, ours):
        return
    if (_sort(theirs), _may_be_none(theirs)) != (_sort(ours), _may_be_none(ours)):
        yield f"{place}: the API has {theirs}, the client {ours}"
    elif isinstance(ours, msgspec.inspect.StructType):
        if ours.cls not in seen:
            yield from _parted_fields(theirs, ours, place, seen | {ours.cls})
    else:
        for their_inner, our_inner in zip(_inner(theirs), _inner(ours), strict=True):
            yield from _parted(their_inner, our_inner, f"{place}[]", seen)


def _passed_through(theirs: Any, ours: Any) -> bool:
    """Tell whether the client hands on what it is given, or has plain text for a word of a closed list."""
    pairs = (
        (msgspec.inspect.StructType, msgspec.inspect.DictType),
        (msgspec.inspect.EnumType, msgspec.inspect.StrType),
    )
    passed = any(isinstance(theirs, api) and isinstance(ours, client) for api, client in pairs)
    return passed or isinstance(ours, msgspec.inspect.AnyType)


def _parted_fields(theirs: Any, ours: Any, place: str, seen: frozenset[Any]) -> Iterator[str]:
    their_fields = {field.encode_name: field for field in theirs.fields}
    our_fields = {field.encode_name: field for field in ours.fields}
    for name in their_fields.keys() ^ our_fields.keys():
        yield f"{place}.{name}: only the {'API' if name in their_fields else 'client'} has it"
    struct = getattr(theirs.cls, "__origin__", theirs.cls)  # Page of something is a Page
    leaves_out = struct.__struct_config__.omit_defaults
    for name in their_fields.keys() & our_fields.keys():
        if our_fields[name].required and leaves_out and not their_fields[name].required:
            yield f"{place}.{name}: the API may leave it out"
        yield from _parted(their_fields[name].type, our_fields[name].type, f"{place}.{name}", seen)


def _may_be_none(info: Any) -> bool:
    return isinstance(info, msgspec.inspect.UnionType) and info.includes_none


def _inner(info: Any) -> list[Any]:
    if isinstance(info, msgspec.inspect.UnionType):
        return [one for one in info.types if not isinstance(one, msgspec.inspect.NoneType)]
    return [getattr(info, name) for name in ("item_type", "value_type") if hasattr(info, name)]


def _sort(info: Any) -> str:
    """Return what a type is on the wire: a list is a list, whatever Python calls it."""
    name = type(info).__name__
    return "list" if name in {"ListType", "VarTupleType", "SetType"} else name
