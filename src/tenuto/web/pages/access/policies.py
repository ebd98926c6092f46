"""Roles and policies: what each role can allow, what holds for everybody, and the text that decides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, takewhile

import msgspec

from tenuto.govern.actions import Action
from tenuto.govern.policy.library import PolicyText, shipped_texts
from tenuto.web.api.scopes import services_of
from tenuto.web.words import Call, View

POLICIES = "/access/policies"


class Line(msgspec.Struct, frozen=True):
    """An action, and for each role in the order of the columns whether it can allow it."""

    action: str
    cells: tuple[bool, ...]


class Area(msgspec.Struct, frozen=True):
    name: str
    lines: tuple[Line, ...]


class Policies(msgspec.Struct, frozen=True):
    """One file of policies. ``about`` is the sentence that it begins with."""

    name: str
    about: str
    text: str


def show(call: Call, _body: None, _query: None) -> View:
    decider = services_of(call).decider
    allowed = {role: frozenset(decider.actions_of(role)) for role in decider.roles}
    values = {
        "roles": decider.roles,
        "areas": list(areas(allowed)),
        "files": [file(text) for text in shipped_texts()],
    }
    return View("access/policies.html", values, title="access.policies.title")


def areas(allowed: dict[str, frozenset[Action]]) -> Iterator[Area]:
    """Yield the actions by the area that performs them, each with one cell for each role."""
    for name, actions in groupby(sorted(Action, key=lambda one: one.area), key=lambda one: one.area):
        yield Area(
            name,
            tuple(
                Line(str(action.value), tuple(action in known for known in allowed.values()))
                for action in actions
            ),
        )


def file(text: PolicyText) -> Policies:
    lines = text.text.splitlines()
    about = list(takewhile(lambda line: line.startswith("//"), lines))
    said = " ".join(line.removeprefix("//").strip() for line in about)
    return Policies(text.name, said, "\n".join(lines[len(about) :]).strip())
