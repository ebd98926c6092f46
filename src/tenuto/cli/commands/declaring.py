"""What should be: ``plan``, ``apply``, ``export``, ``rollback``, ``delete``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from tenuto.cli import asking
from tenuto.cli.errors import NO_TERMINAL
from tenuto.cli.naming import find_kind
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, Styled, print_json, print_lines, show
from tenuto.cli.session import kind_here, place_of, platform
from tenuto.client.api import Tenuto
from tenuto.client.documents import Document, read_documents, write_documents
from tenuto.client.words import Change, Changes, Difference, Resource
from tenuto.core.errors import TenutoError

File = Annotated[Path, Parameter(name=["--file", "-f"])]
Yes = Annotated[bool, Parameter(alias="-y", negative="", show_default=False)]
_KEEP = "keep"
_MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red"), _KEEP: ("=", "dim")}


def plan(*, file: File, options: Platform = ANY_PLATFORM) -> None:
    """Show what applying files would change. Nothing is changed.

    For example:

        tenuto plan --file platform/
        tenuto plan -f routes.yaml --json

    Args:
        file: A YAML file, or a folder of them.
    """
    documents = read_documents(file)
    with platform(options) as client:
        changes = client.resources.plan(documents)
    show(Changes(changes), lambda told: change_lines(told.changes), as_json=options.json)


def apply(*, file: File, yes: Yes = False, options: Platform = ANY_PLATFORM) -> None:
    """Make the things declared in files so, all of them or none.

    Shows the plan and asks; with `--yes`, or where there is no terminal, it goes on. What is applied is what
    was shown: if somebody changes one of the things meanwhile, nothing is applied.

        tenuto apply --file platform/
        tenuto apply -f platform/ --yes --json

    Args:
        file: A YAML file, or a folder of them.
        yes: Do not ask.
    """
    documents = read_documents(file)
    with platform(options) as client:
        planned = client.resources.plan(documents)
        if not options.json:
            print_lines(change_lines(planned))
        if all(change.verb == _KEEP for change in planned):
            applied = planned
        else:
            if not yes and asking.is_terminal():
                _confirm(options)
            applied = client.resources.apply(_bound(documents, planned))
    if options.json:
        print_json(Changes(applied))
    elif applied is not planned:
        print_lines([Styled("applied", "bold green")])


def rollback(
    kind: str,
    name: str,
    /,
    *,
    to: Annotated[int | None, Parameter(show_default=False)] = None,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Declare again what an earlier version said, as a new version.

    An endpoint goes back to the model version it had before, in this one step.

        tenuto rollback endpoint churn --workspace production
        tenuto rollback route chat --to 3 --workspace lab

    Args:
        kind: The kind of the thing: `route`, `endpoint` ...
        name: Its name.
        to: The version to go back to; the one before the current when left out.
    """
    with platform(options) as client:
        change = client.resources.rollback(kind_here(client, kind, options), name, to)
    show(change, lambda told: change_lines([told]), as_json=options.json)


def delete(kind: str, name: str, /, *, yes: Yes = False, options: Platform = ANY_PLATFORM) -> None:
    """Take a declared thing away. Its history stays, and it can be declared again.

    For example:

        tenuto delete route chat --workspace lab
        tenuto delete provider openai --yes

    Args:
        kind: The kind of the thing.
        name: Its name.
        yes: Do not ask.
    """
    with platform(options) as client:
        found = kind_here(client, kind, options)
        if not yes:
            asking.confirm(f"Delete {found} {name}?", "--yes")
        change = client.resources.delete(found, name)
    show(change, lambda told: change_lines([told]), as_json=options.json)


def export(kind: str = "", /, *, options: Platform = ANY_PLATFORM) -> None:
    """Write declared things as YAML documents that `tenuto apply` takes.

    Everything that you may see, of the organisation and of every workspace; with a workspace named, what lies
    in it. Secrets, keys and people are no declared things: they are never in an export.

        tenuto export > platform.yaml
        tenuto export routes --workspace lab > routes.yaml

    Args:
        kind: Only things of this kind.
    """
    with platform(options) as client:
        wanted = find_kind(client, kind).name if kind else None
        found = list(_everywhere(client, wanted, place_of(options).workspace))
    if options.json:
        print_json({"documents": [_plain(resource, workspace) for resource, workspace in found]})
    else:
        print(write_documents(found), end="")


def _confirm(options: Platform) -> None:
    if options.json:
        raise TenutoError(NO_TERMINAL, "--yes; with --json nothing is asked")
    asking.confirm("Apply this?", "--yes")


def change_lines(changes: Sequence[Change]) -> Iterator[Line]:
    """Yield a plan for people: a line a thing, a line a difference, and the sum."""
    for change in changes:
        mark, style = _MARKS.get(change.verb, ("?", ""))
        place = f" in {change.workspace}" if change.workspace else ""
        yield Styled(f"{mark} {change.verb:6} {change.kind} {change.name}{place}", style)
        yield from (f"    {difference_line(one)}" for one in change.differences)
    counts = {verb: sum(change.verb == verb for change in changes) for verb in _MARKS}
    yield ", ".join(f"{count} to {verb}" for verb, count in counts.items() if count)


def difference_line(difference: Difference) -> str:
    return f"{difference.path}: {_spelled(difference.before)} -> {_spelled(difference.after)}"


def _spelled(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _bound(documents: Sequence[Document], planned: Sequence[Change]) -> list[Document]:
    """Bind each document to the version that the plan was made on, unless it names one itself."""
    versions = {(change.kind, change.workspace, change.name): change.version for change in planned}
    return [
        one
        if one.version is not None
        else msgspec.structs.replace(one, version=versions[one.kind, one.workspace, one.name])
        for one in documents
    ]


def _everywhere(
    client: Tenuto, kind: str | None, workspace: str | None
) -> Iterator[tuple[Resource, str | None]]:
    if workspace is not None:
        found = client.resources.listing(kind)
        yield from ((one, workspace if one.workspace else None) for one in found)
        return
    of_all = client.within(None)
    yield from ((one, None) for one in of_all.resources.listing(kind))
    for place in of_all.resources.listing("Workspace"):
        inside = client.within(place.name).resources.listing(kind)
        yield from ((one, place.name) for one in inside if one.workspace)


def _plain(resource: Resource, workspace: str | None) -> Document:
    return Document(resource.kind, resource.name, resource.spec or {}, workspace)
