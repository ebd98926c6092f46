"""Decisions on model versions: ``approve``, ``refuse``, ``deploy``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from tenuto.cli import asking
from tenuto.cli.commands.declaring import change_lines
from tenuto.cli.errors import NO_TERMINAL, NOT_CONFIRMED, NOTHING_WAITS
from tenuto.cli.naming import exactly_versioned
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, Styled, print_lines, show
from tenuto.cli.session import platform, require_workspace
from tenuto.cli.telling import evidence_lines, gate_lines
from tenuto.client.api import Tenuto
from tenuto.client.documents import Document
from tenuto.client.words import Approval, Changes, ModelVersion
from tenuto.core.errors import TenutoError

Digest = Annotated[str, Parameter(show_default=False)]
_PREFIX = "sha256:"
_TYPED = 12  # digits of the digest that are typed to confirm it


def approve(
    model: str, /, *, digest: Digest = "", comment: str = "", options: Platform = ANY_PLATFORM
) -> None:
    """Approve a model version: exactly its bytes, its evidence and the result of its gate.

    Shows them with the digest that binds them together, and asks you to type the first twelve digits of it.
    Without a terminal `--digest` gives all of it. Who had a part in making the version may not approve it.

        tenuto approve churn@3 --workspace production
        tenuto approve churn@3 --digest sha256:9f86d081884c... --workspace production

    Args:
        model: NAME@VERSION.
        digest: The digest that you looked at; nothing is asked then.
        comment: Why; it is kept with the decision.
    """
    name, version = exactly_versioned(model)
    with platform(options) as client:
        bound = digest or _confirmed(client, name, version, options)
        decided = client.registry.approve(name, version=version, digest=bound, comment=comment)
    show(decided, _decided, as_json=options.json)


def refuse(model: str, /, *, comment: str, digest: Digest = "", options: Platform = ANY_PLATFORM) -> None:
    """Refuse a model version. It never goes into traffic; a new version can be registered.

    For example:

        tenuto refuse churn@3 --comment "worse than churn@2 on small customers" --workspace production

    Args:
        model: NAME@VERSION.
        comment: Why; it is kept with the decision.
        digest: The digest that you looked at; nothing is asked then.
    """
    name, version = exactly_versioned(model)
    with platform(options) as client:
        bound = digest or _confirmed(client, name, version, options)
        decided = client.registry.refuse(name, version=version, digest=bound, comment=comment)
    show(decided, _decided, as_json=options.json)


def deploy(
    model: str,
    /,
    *,
    endpoint: Annotated[str, Parameter(show_default=False)] = "",
    options: Platform = ANY_PLATFORM,
) -> None:
    """Put an approved model version into traffic. `tenuto rollback endpoint NAME` takes it back in one step.

    It declares an Endpoint, the same as a file with that document and `tenuto apply`.

        tenuto deploy churn@3 --workspace production
        tenuto deploy churn@3 --endpoint churn-eu --workspace production

    Args:
        model: NAME@VERSION.
        endpoint: The name that predictions are asked under; the model's name when left out.
    """
    name, version = exactly_versioned(model)
    spec = {"model": name, "version": version}
    document = Document("Endpoint", endpoint or name, spec, require_workspace(options))
    with platform(options) as client:
        changes = client.resources.apply([document])
    show(Changes(changes), lambda told: change_lines(told.changes), as_json=options.json)


def _confirmed(client: Tenuto, name: str, version: int, options: Platform) -> str:
    """Show what would be decided on, and return its digest when the person has typed the beginning of it."""
    found, approval = _waiting(client, name, version)
    if not options.json:
        print_lines(_to_decide(found, approval))
    if options.json or not asking.is_terminal():
        raise TenutoError(NO_TERMINAL, "--digest", digest=approval.subject_digest)
    wanted = approval.subject_digest.removeprefix(_PREFIX)[:_TYPED]
    typed = asking.ask(f"Type the first {_TYPED} digits of the digest to confirm", "--digest")
    if typed.removeprefix(_PREFIX) != wanted:
        raise TenutoError(NOT_CONFIRMED, "these are not the digits")
    return approval.subject_digest


def _waiting(client: Tenuto, name: str, version: int) -> tuple[ModelVersion, Approval]:
    found = client.registry.model(name, version)
    for approval in client.registry.approvals():
        if approval.subject_id == found.id:
            return found, approval
    raise TenutoError(NOTHING_WAITS, f"{name}@{version} is {found.stage}")


def _to_decide(found: ModelVersion, approval: Approval) -> Iterator[Line]:
    yield Styled(f"{found.name}@{found.version}", "bold")
    yield from (f"  {metric} = {value:.6g}" for metric, value in found.metrics.items())
    yield from evidence_lines(found)
    if found.gate is not None:
        yield from gate_lines(found.gate)
    yield f"digest: {approval.subject_digest}"


def _decided(found: ModelVersion) -> list[Line]:
    return [f"{found.name}@{found.version} is {found.stage}"]
