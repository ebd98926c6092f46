"""skops files: a zip archive with a schema of typed nodes and the arrays these refer to.

skops asks its caller which types to trust. The answer is the same exact list as for pickles; nodes that look up
attributes by name, call methods or bind arguments are refused whatever they name.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tenuto.guard.artifacts.allowlist import NOTHING, AllowList, Role
from tenuto.guard.artifacts.archives import Archive, open_archive
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.npy import scan_npy
from tenuto.guard.artifacts.report import ScanReport

SCHEMA = "schema.json"

_PROTOCOLS = (1, 2)
_ANY = frozenset({Role.MAKE, Role.CALL, Role.NAME})
_OBJECTS = frozenset({Role.MAKE, Role.CALL})
# By loader: what the roles of the name must be for the loader to be used with it.
_LOADERS: Mapping[str, frozenset[Role]] = {
    "ObjectNode": _OBJECTS,
    "TreeNode": _OBJECTS,
    "LossNode": _OBJECTS,
    "SparseMatrixNode": _OBJECTS,
    "RandomStateNode": _OBJECTS,
    "RandomGeneratorNode": _OBJECTS,
    "FunctionNode": _ANY,
    "TypeNode": _ANY,
    "NdArrayNode": _ANY,
    "MaskedArrayNode": _ANY,
    "DTypeNode": _ANY,
}
# Loaders of plain values, each with the types it may make.
_PLAIN: Mapping[str, frozenset[tuple[str, str]]] = {
    "DictNode": frozenset(
        {("builtins", "dict"), ("collections", "OrderedDict"), ("sklearn.utils._bunch", "Bunch")}
    ),
    "DefaultDictNode": frozenset({("collections", "defaultdict")}),
    "ListNode": frozenset({("builtins", "list")}),
    "SetNode": frozenset({("builtins", "set")}),
    "TupleNode": frozenset({("builtins", "tuple")}),
    "BytesNode": frozenset({("builtins", "bytes")}),
    "BytearrayNode": frozenset({("builtins", "bytearray")}),
    "SliceNode": frozenset({("builtins", "slice")}),
    "JsonNode": frozenset({("builtins", "str")}),
}
_BIT_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})


def scan_skops(archive: Archive, allowed: AllowList, report: ScanReport) -> None:
    schema = _schema(archive)
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol not in _PROTOCOLS:
        raise RefusedError(
            "skops.protocol", SCHEMA, f"protocol {protocol!r}; save it again with skops 0.8 or later"
        )
    nodes = 0
    for place, node in _nodes(schema):
        nodes += 1
        _check_node(node, place, protocol, allowed, report)
    if not nodes:
        raise RefusedError("skops.schema", SCHEMA, "the schema describes no object")
    for name in archive.names:
        _scan_member(archive, name, report)


def _schema(archive: Archive) -> dict[str, Any]:
    try:
        schema = json.loads(archive.document(SCHEMA))
    except (ValueError, RecursionError) as error:
        raise RefusedError("skops.schema", SCHEMA, f"no JSON: {error}"[:200]) from error
    if not isinstance(schema, dict):
        raise RefusedError("skops.schema", SCHEMA, "the schema is no object")
    return schema


def _nodes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object that looks like a node, wherever it hides."""
    waiting: list[tuple[str, Any]] = [("$", schema)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            if not value.keys().isdisjoint({"__loader__", "__class__", "__module__"}):
                yield place, value
            waiting += [(f"{place}.{key}"[:200], inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}[{index}]"[:200], inner) for index, inner in enumerate(value)]


def _check_node(
    node: dict[str, Any], place: str, protocol: int, allowed: AllowList, report: ScanReport
) -> None:
    loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
    where = f"{SCHEMA} {place}"
    if loader == "CachedNode":  # refers to a node that is checked where it stands
        return
    if not isinstance(loader, str) or not isinstance(module, str) or not isinstance(name, str):
        raise RefusedError("skops.schema", where, "a node without loader, module and class")
    report.names.add((module, name))
    if loader in _PLAIN:
        fits = (module, name) in _PLAIN[loader]
    elif loader in _LOADERS:
        fits = allowed.role(module, name) in _LOADERS[loader]
    else:
        report.find("skops.loader", where, f"{loader} is not accepted")
        return
    if not fits:
        report.find("skops.name", where, f"{module}:{name} is not on the allow-list for {loader}")
    if loader == "RandomGeneratorNode" and (protocol < 2 or _bit_generator(node) not in _BIT_GENERATORS):
        report.find("skops.name", where, "a random generator of an unknown kind")


def _bit_generator(node: dict[str, Any]) -> Any:
    """Return the class name that skops looks up and calls. It stands in the file as plain text."""
    try:
        return json.loads(node["content"]["bit_generator"]["content"]["bit_generator"]["content"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _scan_member(archive: Archive, name: str, report: ScanReport) -> None:
    if name.endswith(".npy"):
        scan_npy(archive.reader(name), NOTHING, report)
    elif name.endswith(".npz"):
        content = archive.document(name)
        inner = open_archive(io.BytesIO(content), len(content), report.limits)
        for member in inner.names:
            scan_npy(inner.reader(member), NOTHING, report)
    elif name.endswith(".bin"):
        archive.read_through(name)
    elif name != SCHEMA:
        raise RefusedError("skops.member", name, "a member that skops does not write")
