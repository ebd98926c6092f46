"""Looking at what there is: ``get``, ``describe``, ``history``, ``diff``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from tenuto.cli.commands.declaring import difference_line
from tenuto.cli.errors import VERSION_UNKNOWN, WRONG_USE
from tenuto.cli.naming import folded
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, Styled, facts, short_time, show, table
from tenuto.cli.session import kind_here, place_of, platform
from tenuto.cli.telling import approvals, datasets, kinds_of_things, models, names_of, run_lines, runs
from tenuto.client.api import Tenuto
from tenuto.client.documents import write_documents, write_value
from tenuto.client.words import Difference, Items, Resource
from tenuto.core.errors import TenutoError

Number = Annotated[int | None, Parameter(show_default=False)]

# What is not declared, and is listed under its plural.
_LISTED: dict[str, tuple[Callable[[Tenuto], list[Any]], Callable[[Sequence[Any]], list[Line]]]] = {
    "kinds": (lambda client: client.resources.kinds(), kinds_of_things),
    "runs": (lambda client: client.runs.listing(), runs),
    "models": (lambda client: client.registry.models(), models),
    "datasets": (lambda client: client.registry.datasets(), datasets),
    "approvals": (lambda client: client.registry.approvals(), approvals),
}


class Compared(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """Two versions of a declared thing, and every place where they differ."""

    kind: str
    name: str
    before: int
    after: int
    differences: list[Difference]


def get(
    kind: str = "",
    name: str = "",
    /,
    *,
    kinds: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    options: Platform = ANY_PLATFORM,
) -> None:
    """List things of one kind, or print one declared thing as the document that declares it.

    Kinds are found in any spelling: `Route`, `route` and `routes` are one.

        tenuto get --kinds
        tenuto get workspaces
        tenuto get routes --workspace lab
        tenuto get route chat --workspace lab > chat.yaml
        tenuto get runs --workspace lab --json

    Args:
        kind: A kind of declared things, or `runs`, `models`, `datasets`, `approvals`.
        name: The name of one declared thing.
        kinds: List the kinds that can be declared.
    """
    with platform(options) as client:
        if kinds:
            _print_list(client, "kinds", options)
        elif not kind:
            raise TenutoError(WRONG_USE, "say what to get: `tenuto get KIND [NAME]`, `tenuto get --kinds`")
        elif name:
            _print_one(client, kind, name, options)
        else:
            _print_list(client, kind, options)


def describe(kind: str, name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Tell all about one declared thing, or about one run with its tasks and results.

    For example:

        tenuto describe route chat --workspace lab
        tenuto describe run 0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11 --workspace lab

    Args:
        kind: A kind of declared things, or `run`.
        name: Its name, or the id of the run.
    """
    with platform(options) as client:
        if folded(kind) == "run":
            show(client.runs.get(name), run_lines, as_json=options.json)
            return
        revisions = client.resources.history(kind_here(client, kind, options), name)
        show(revisions[0], lambda _: _described(revisions, names_of(client), options), as_json=options.json)


def history(kind: str, name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """List the versions of a declared thing, newest first. What was deleted still has them.

    For example:

        tenuto history route chat --workspace lab

    Args:
        kind: The kind of the thing.
        name: Its name.
    """
    with platform(options) as client:
        revisions = client.resources.history(kind_here(client, kind, options), name)
        show(Items(revisions), lambda _: _history(revisions, names_of(client)), as_json=options.json)


def diff(
    kind: str,
    name: str,
    /,
    *,
    before: Annotated[int | None, Parameter(name="--from", show_default=False)] = None,
    after: Annotated[int | None, Parameter(name="--to", show_default=False)] = None,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Show what changed between two versions of a declared thing.

    For example:

        tenuto diff route chat --workspace lab
        tenuto diff route chat --from 2 --to 5 --workspace lab

    Args:
        kind: The kind of the thing.
        name: Its name.
        before: The earlier version; the one before `--to` when left out.
        after: The later version; the newest when left out.
    """
    from tenuto.govern.resources.rules import differences

    with platform(options) as client:
        revisions = client.resources.history(kind_here(client, kind, options), name)
    by_version = {one.version: one for one in revisions}
    later = after if after is not None else revisions[0].version
    earlier = before if before is not None else later - 1
    old, new = (_spec_of(by_version, version) for version in (earlier, later))
    found = [Difference(one.path, one.before, one.after) for one in differences(old, new)]
    told = Compared(revisions[0].kind, name, earlier, later, found)
    show(told, _compared, as_json=options.json)


def _print_one(client: Tenuto, kind: str, name: str, options: Platform) -> None:
    found = client.resources.get(kind_here(client, kind, options), name)
    workspace = place_of(options).workspace if found.workspace else None
    show(found, lambda one: [write_documents([(one, workspace)]).rstrip()], as_json=options.json)


def _print_list(client: Tenuto, kind: str, options: Platform) -> None:
    for plural, (fetch, lines) in _LISTED.items():
        if folded(kind) == folded(plural):
            show(Items(fetch(client)), lambda told: lines(told.items), as_json=options.json)  # noqa: B023 (called at once)
            return
    found = client.resources.listing(kind_here(client, kind, options, list(_LISTED)))
    show(Items(found), lambda told: _resources(told.items), as_json=options.json)


def _resources(found: Sequence[Resource]) -> list[Line]:
    rows = [(one.kind, one.name, one.version, short_time(one.at)) for one in found]
    return table(["KIND", "NAME", "VERSION", "SINCE"], rows, empty="nothing is declared")


def _described(revisions: Sequence[Resource], names: Mapping[str, str], options: Platform) -> Iterator[Line]:
    newest = revisions[0]
    yield from facts(
        [
            ("kind", newest.kind),
            ("name", newest.name),
            ("workspace", place_of(options).workspace if newest.workspace else None),
            ("version", newest.version),
            ("id", newest.id),
            ("state", "deleted" if newest.spec is None else "declared"),
        ]
    )
    if newest.spec is not None:
        yield Styled("spec:", "bold")
        yield from (f"  {line}" for line in write_value(newest.spec).splitlines())
    yield from _history(revisions, names)


def _history(revisions: Sequence[Resource], names: Mapping[str, str]) -> list[Line]:
    rows = [
        (
            one.version,
            "deleted" if one.spec is None else "declared",
            names.get(one.author, one.author),
            short_time(one.at),
        )
        for one in revisions
    ]
    return table(["VERSION", "WAS", "BY", "AT"], rows, empty="no versions")


def _spec_of(by_version: Mapping[int, Resource], version: int) -> dict[str, Any]:
    """Return what a version said; before the first one, and when it was deleted, that is nothing."""
    if version == 0:
        return {}
    if version not in by_version:
        known = f"{min(by_version)} to {max(by_version)}"
        raise TenutoError(VERSION_UNKNOWN, f"{version}; there are {known}")
    return by_version[version].spec or {}


def _compared(told: Compared) -> Iterator[Line]:
    yield Styled(f"{told.kind} {told.name}, version {told.before} -> {told.after}", "bold")
    yield from (f"  {difference_line(one)}" for one in told.differences)
    if not told.differences:
        yield "  no difference"
