"""The audit log: ``tenuto audit``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tenuto.cli.errors import LOG_NOT_SOUND
from tenuto.cli.files import read_file
from tenuto.cli.groups import group
from tenuto.cli.options import ANY_PLATFORM, JUST_SHOWN, Platform, Shown
from tenuto.cli.output import Line, Styled, print_json, print_lines, show, table
from tenuto.cli.progress import working
from tenuto.cli.session import platform
from tenuto.client.errors import FILE_UNREADABLE
from tenuto.client.words import AuditEntry, Page, PublicKey, Report
from tenuto.core.errors import TenutoError

app = group(
    "audit",
    "Read, verify and export the audit log.",
    "tenuto audit list --effect deny",
    "tenuto audit verify",
    "tenuto audit export audit.zip",
)

Filter = Annotated[str | None, Parameter(show_default=False)]
_MOST_AT_ONCE = 200


class Exported(msgspec.Struct, frozen=True):
    file: str
    bytes: int


@app.command(name="list")
def list_entries(
    *,
    actor: Filter = None,
    action: Filter = None,
    kind: Filter = None,
    resource: Filter = None,
    request: Filter = None,
    effect: Filter = None,
    limit: int = 50,
    options: Platform = ANY_PLATFORM,
) -> None:
    """List records of the audit log, newest first. Reading it is recorded too.

    For example:

        tenuto audit list --limit 20
        tenuto audit list --action registry:model:approve --effect deny --workspace production

    Args:
        actor: Only what this actor did, by id.
        action: Only this action, as `area:resource:verb`.
        kind: Only what was done to this kind of thing.
        resource: Only what was done to this thing, by id.
        request: Only what this request did, by its id.
        effect: `allow` or `deny`.
        limit: How many at most.
    """
    found: list[AuditEntry] = []
    after: str | None = None
    with platform(options) as client:
        while len(found) < limit:
            page = client.audit.entries(
                actor=actor,
                action=action,
                resource_kind=kind,
                resource=resource,
                request_id=request,
                effect=effect,
                limit=min(limit - len(found), _MOST_AT_ONCE),
                after=after,
            )
            found += page.items
            after = page.next
            if after is None:
                break
    show(Page(found, after), lambda told: _entries(told.items), as_json=options.json)


@app.command
def verify(*, options: Platform = ANY_PLATFORM) -> None:
    """Verify the whole log: every record, their order, and the newest checkpoint outside the database.

    Ends with exit code 1 where anything was edited, deleted, inserted, reordered or cut off, and says where.

        tenuto audit verify
    """
    with platform(options) as client, working("verifying the audit log", as_json=options.json):
        report = client.audit.verify()
    _conclude(report, options)


@app.command
def export(file: Path, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Write the whole log to a new file that anybody can verify offline with the public key.

    For example:

        tenuto audit export audit.zip

    Args:
        file: The file to make; it must not exist.
    """
    with platform(options) as client, working("exporting the audit log", as_json=options.json):
        size = client.audit.export(file)
    show(Exported(str(file), size), lambda one: [f"{one.file}: {one.bytes} bytes"], as_json=options.json)


@app.command
def key(*, options: Platform = ANY_PLATFORM) -> None:
    """Print the public key that checkpoints are verified with. Keep it where the platform cannot change it.

    For example:

        tenuto audit key > audit.pub
    """
    with platform(options) as client:
        found = client.audit.key()
    show(PublicKey(found), lambda one: [one.key], as_json=options.json)


@app.command(name="verify-bundle")
def verify_bundle(
    file: Path,
    /,
    *,
    key: Filter = None,
    checkpoint: Annotated[list[Path] | None, Parameter(negative="", show_default=False)] = None,
    shown: Shown = JUST_SHOWN,
) -> None:
    """Verify an exported log offline. No platform is asked.

    The key proves who signed; without one, that of the bundle is used, and the report says what that leaves
    open. A checkpoint that was kept elsewhere proves that nothing was cut off the end.

        tenuto audit verify-bundle audit.zip --key audit.pub
        tenuto audit verify-bundle audit.zip --key audit.pub --checkpoint tenuto-checkpoints/

    Args:
        file: The exported bundle: a zip file or a folder.
        key: The public key, or a file that holds it.
        checkpoint: Where checkpoints are kept outside: the folder or a file of it, or one signed note.
    """
    from tenuto.govern.verify import verify_bundle as verify_file

    known = _key_line(key) if key is not None else None
    notes = [_newest_note(path) for path in checkpoint or []]
    with working("verifying the bundle", as_json=shown.json):
        report = verify_file(file, known, notes)
    _conclude(msgspec.convert(msgspec.to_builtins(report), Report), shown)


def _conclude(report: Report, shown: Shown) -> None:
    """Print a report. Raises when the log is not sound, so that the exit code says so too."""
    if shown.json:
        print_json(report)
    else:
        print_lines(_report(report))
    if report.problem_count:
        raise TenutoError(LOG_NOT_SOUND, f"{report.problem_count} problems", problems=report.problem_count)


def _report(report: Report) -> Iterator[Line]:
    yield (
        f"{report.records} records of {report.writers} writers, {report.pending} without a place yet, "
        f"{report.checkpoints} checkpoints"
    )
    for problem in report.problems:
        yield Styled(f"{problem.kind}: {problem.sentence}", "red")
        yield f"  fix: {problem.fix}"
    yield from (Styled(f"proven: {one.sentence}", "green") for one in report.proven)
    yield from (Styled(f"unproven: {one.sentence}", "yellow") for one in report.unproven)
    if not report.problem_count:
        yield Styled("sound", "bold green")


def _entries(found: Sequence[AuditEntry]) -> list[Line]:
    rows = [
        (
            one.seq,
            one.record.time[:19],
            one.record.actor.name,
            one.record.action,
            f"{one.record.resource.kind}/{one.record.resource.name or one.record.resource.id}",
            one.record.verdict.effect if one.record.verdict else "",
            one.record.outcome,
        )
        for one in found
    ]
    return table(["SEQ", "TIME", "WHO", "ACTION", "ON", "VERDICT", "OUTCOME"], rows, empty="no records")


def _key_line(text: str) -> str:
    """Return the key itself, from a file if the text names one. A key is never a path: it holds a `+`."""
    path = Path(text)
    return read_file(path).decode("utf-8", "replace").strip() if path.is_file() else text


def _newest_note(path: Path) -> str:
    """Return the newest checkpoint of a sink's folder or file, or the one signed note that a file is."""
    if path.is_dir():
        numbered = sorted(path.glob("checkpoints-*.jsonl"))
        if not numbered:
            raise TenutoError(FILE_UNREADABLE, f"{path}: it holds no checkpoints")
        path = numbered[-1]
    content = read_file(path)
    for line in reversed(content.splitlines()):
        try:
            return msgspec.json.decode(line, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # a line that a crash cut short, or not a file of a sink at all
    return content.decode("utf-8", "replace")
