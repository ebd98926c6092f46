"""Roles and explanations: ``tenuto access``, ``tenuto explain``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from tenuto.cli.groups import group
from tenuto.cli.naming import find_kind, folded, kind_and_name, versioned
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, Styled, show, table
from tenuto.cli.session import platform
from tenuto.cli.telling import names_of
from tenuto.client.api import Tenuto
from tenuto.client.words import Explanation, Granted, Items, Verdict
from tenuto.core.ids import is_id
from tenuto.govern.actions import action_named

app = group(
    "access",
    "Give roles, take them away, list them.",
    "tenuto access grant ben@example.com approver --workspace production",
    "tenuto access list",
)

On = Annotated[str | None, Parameter(show_default=False)]
_ALLOW = "allow"
_PLACES = frozenset({"Workspace", "Organisation"})


@app.command
def grant(who: str, role: str, /, *, on: On = None, options: Platform = ANY_PLATFORM) -> None:
    """Give somebody a role: in a workspace, on one thing in it, or without a workspace everywhere.

    For example:

        tenuto access grant ben@example.com approver --workspace production
        tenuto access grant nightly-training automation --workspace lab
        tenuto access grant carla@example.com viewer --on route/chat --workspace lab

    Args:
        who: A person's e-mail address, or the name of a service account.
        role: The name of the role.
        on: Only on this thing, as KIND/NAME.
    """
    with platform(options) as client:
        kind, identity = _thing(client, on) if on else (None, None)
        granted = client.access.grant(
            subject=who,
            role=role,
            subject_kind=_sort_of(who),
            resource_kind=kind,
            resource_id=identity,
        )
    show(granted, lambda one: [f"{who} is {one.role} now ({one.id})"], as_json=options.json)


@app.command
def revoke(binding: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Take a role away.

    For example:

        tenuto access revoke 0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11

    Args:
        binding: The id that `tenuto access list` shows.
    """
    with platform(options) as client:
        gone = client.access.revoke(binding)
    show(gone, lambda one: [f"the role {one.role} was taken away ({one.id})"], as_json=options.json)


@app.command(name="list")
def list_bindings(*, options: Platform = ANY_PLATFORM) -> None:
    """List who holds which role, and where.

    For example:

        tenuto access list
    """
    with platform(options) as client:
        found = client.access.bindings()
        show(Items(found), lambda told: _bindings(told.items, _all_names(client)), as_json=options.json)


def explain(who: str, action: str, thing: str = "", /, *, options: Platform = ANY_PLATFORM) -> None:
    """Say whether somebody may do something, by which rule, and which roles would allow it.

    For example:

        tenuto explain ben@example.com registry:model:approve model/churn@3 --workspace production
        tenuto explain nightly-training pipelines:run:submit --workspace lab

    Args:
        who: A person's e-mail address, or the name of a service account.
        action: What is to be done, as `area:resource:verb`.
        thing: To what, as KIND/NAME; to anything of the action's kind when left out.
    """
    with platform(options) as client:
        kind, identity = _thing(client, thing) if thing else _anything(action)
        told = client.access.explain(
            subject=who,
            action=action,
            subject_kind=_sort_of(who),
            resource_kind=kind,
            resource_id=identity,
            resource_name=thing.partition("/")[2],
        )
    show(told, _explained, as_json=options.json)


def _thing(client: Tenuto, text: str) -> tuple[str, str]:
    """Return kind and id of what is written KIND/NAME: a declared thing, or a model or dataset version."""
    kind, name = kind_and_name(text)
    if folded(kind) in {"model", "modelversion"}:
        return "ModelVersion", client.registry.model(*versioned(name)).id
    if folded(kind) == "dataset":
        return "Dataset", client.registry.dataset(*versioned(name)).id
    if folded(kind) == "run":
        return "Run", name
    found = find_kind(client, kind, ["model", "dataset", "run"]).name
    return found, client.resources.get(found, name).id


def _anything(action: str) -> tuple[str, str]:
    """Return what an action is about when nothing is named: anything of its kind, or the place itself."""
    kind = action_named(action).kinds[0]
    return ("Workspace", "") if kind in _PLACES else (kind, "*")


def _sort_of(who: str) -> str:
    return "person" if "@" in who or is_id(who) else "service_account"


def _all_names(client: Tenuto) -> Mapping[str, str]:
    """Return the names of people, service accounts and workspaces by id."""
    places = client.within(None).resources.listing("Workspace")
    return {**names_of(client), **{place.id: place.name for place in places}}


def _bindings(found: Sequence[Granted], names: Mapping[str, str]) -> list[Line]:
    rows = [
        (
            names.get(one.subject_id, one.subject_id),
            one.role,
            names.get(one.workspace, one.workspace) if one.workspace else "everywhere",
            f"{one.resource_kind}/{one.resource_id}" if one.resource_kind else "",
            one.id,
        )
        for one in found
    ]
    return table(["WHO", "ROLE", "WHERE", "ONLY ON", "ID"], rows, empty="nobody holds a role")


def _explained(told: Explanation) -> Iterator[Line]:
    allowed = told.verdict.effect == _ALLOW
    if told.for_oneself is None:
        yield _answer("", told.verdict)
    else:
        yield _answer(" for oneself", told.for_oneself)
        yield f"  rule {told.for_oneself.rule}"
        yield _answer(" for others", told.verdict)
    yield f"rule {told.verdict.rule}, policy {told.verdict.policy_version}"
    for one in told.considered:
        yield f"  {'grants' if one.grants else 'grants not'}: {one.binding.role}: {one.why}"
    if not allowed and told.would_allow:
        yield f"roles that would allow it: {', '.join(told.would_allow)}"


def _answer(whose: str, verdict: Verdict) -> Styled:
    word, colour = ("allowed", "green") if verdict.effect == _ALLOW else ("denied", "red")
    return Styled(f"{word}{whose}: {verdict.reason}", colour)
