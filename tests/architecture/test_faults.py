"""Every fault has a code of its own in its room's name, a summary, a fix, and a place that raises it."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter

import pytest

from architecture.house import Source, sources
from tenuto.core.errors import Fault, FaultKind

CODE = re.compile(r"^(?P<room>[a-z]+)\.[a-z0-9]+(_[a-z0-9]+)*$")


def _declaring() -> list[Source]:
    return [source for source in sources() if {"errors", "errors.py"} & set(source.inside)]


def _declared() -> dict[tuple[str, str], Fault]:
    """(module, constant) -> fault, where it is declared and not where it is imported."""
    return {
        (source.module, name): fault
        for source in _declaring()
        for name in _assigned(source)
        if isinstance(fault := getattr(importlib.import_module(source.module), name), Fault)
    }


def _assigned(source: Source) -> list[str]:
    targets = [target for node in source.tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]


DECLARED = _declared()


def test_no_code_is_declared_twice() -> None:
    counted = Counter(fault.code for fault in DECLARED.values())
    assert not {code: count for code, count in counted.items() if count > 1}


def test_every_fault_names_its_room_and_says_what_to_do() -> None:
    found = [complaint for (module, _), fault in DECLARED.items() for complaint in complaints(module, fault)]
    assert not found, "\n".join(["", *found])


def complaints(module: str, fault: Fault) -> list[str]:
    room = module.split(".")[1]
    match = CODE.match(fault.code)
    found = []
    if not match:
        found.append("the code is not spelled `room.name` in small letters")
    elif match["room"] != room:
        found.append(f"declared in the room {room!r}")
    if not fault.summary.strip() or fault.summary.endswith("."):
        found.append("the summary is a phrase, because a detail follows it")
    if not fault.fix.strip().endswith((".", "`")):
        found.append("the fix is one or more whole sentences")
    return [f"{fault.code}: {complaint}" for complaint in found]


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault("store.gone", FaultKind.INVALID, "it is gone", "Look elsewhere."), ""),
        (Fault("spend.gone", FaultKind.INVALID, "it is gone", "Look elsewhere."), "declared in the room"),
        (Fault("store.Gone", FaultKind.INVALID, "it is gone", "Look elsewhere."), "not spelled"),
        (Fault("store.gone", FaultKind.INVALID, "", "Look elsewhere."), "summary"),
        (Fault("store.gone", FaultKind.INVALID, "it is gone", ""), "fix"),
    ],
)
def test_a_careless_fault_is_seen(fault: Fault, complaint: str) -> None:
    found = " ".join(complaints("tenuto.store.errors", fault))
    assert complaint in found if complaint else not found


def test_every_fault_is_raised_somewhere() -> None:
    used = {use for source in sources() for use in uses(source)}
    idle = sorted(f"{module}.{name}" for module, name in set(DECLARED) - used)
    assert not idle, "\n".join(["", "declared and never raised:", *idle, "fix: raise them, or remove them."])


def uses(source: Source) -> set[tuple[str, str]]:
    """Return (module, constant) for each name, imported or its own, that the code does more than import."""
    imported: dict[str, tuple[str, str]] = {name: (source.module, name) for name in _assigned(source)}
    modules: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                imported[alias.asname or alias.name] = (node.module, alias.name)
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in imported:
            found.add(imported[node.id])
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        ):
            found.add((modules[node.value.id], node.attr))
    return found


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("from tenuto.store.errors import GONE\nraise TenutoError(GONE)", True),
        ("from tenuto.store.errors import GONE as LOST\nraise TenutoError(LOST)", True),
        ("from tenuto.store import errors\nraise TenutoError(errors.GONE)", True),
        ("from tenuto.store.errors import GONE", False),
        ("from tenuto.govern.errors import GONE\nraise TenutoError(GONE)", False),
    ],
)
def test_a_use_is_told_from_an_import(text: str, used: bool) -> None:
    found = uses(Source("src/tenuto/registry/use_cases.py", text))
    assert (("tenuto.store.errors", "GONE") in found) is used
