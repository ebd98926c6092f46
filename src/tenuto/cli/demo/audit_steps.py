"""Step 5: the audit log verifies, and copies that were tampered with do not."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import Means, Proof, require, require_equal
from tenuto.client.api import Tenuto
from tenuto.client.words import AuditEntry, Report
from tenuto.govern.verify import verify_bundle

_RECORDS = "records.jsonl"
KINDS = ("edited", "deleted", "cut_tail")  # what is done to copies, as verification calls it
_TAMPERED = 5  # the record that is edited or deleted
_CUT = 5  # records that the cut tail loses of those that the outside checkpoint vouches for
# What nobody can have done in this demo without the log knowing: (actor's kind, action, effect).
_TOLD = frozenset(
    {
        ("person", "registry:dataset:register", "allow"),
        ("person", "pipelines:run:submit", "allow"),
        ("person", "registry:model:approve", "deny"),
        ("person", "registry:model:approve", "allow"),
        ("service_account", "gateway:call:invoke", "allow"),
        ("service_account", "gateway:call:invoke", "deny"),
    }
)


class Verified(msgspec.Struct, frozen=True):
    """What the platform says of its own log, and the export that it wrote. ``bundle`` is a folder.

    ``note`` is the newest checkpoint that lay outside the platform before the export: a later one may know of
    records that the export does not hold.
    """

    online: Report
    note: str
    exported: int
    bundle: Path


class SeenLog(msgspec.Struct, frozen=True):
    """The export verified without the platform, and the log as another client reads it."""

    offline: Report
    told: set[tuple[str, str, str]]
    entries: int


class Tampering(msgspec.Struct, frozen=True):
    """One way to falsify a log, and the record in which it has to be found."""

    record: int
    change: Callable[[list[bytes]], list[bytes]]


class Tampered(msgspec.Struct, frozen=True):
    """Falsified copies by name, and for each the record in which something has to be found."""

    copies: dict[str, Path]
    places: dict[str, int]


class SeenTampering(msgspec.Struct, frozen=True):
    reports: dict[str, Report]


def verify(stage: Stage) -> Verified:
    """Verify online and export, with the command line."""
    online = stage.owner.tenuto("audit", "verify")
    note = stage.kept["newest_checkpoint"]()
    require(note, "no checkpoint lies outside the platform")
    archive = stage.folder / "audit.zip"
    archive.unlink(missing_ok=True)
    size = stage.owner.tenuto("audit", "export", archive)["bytes"]
    bundle = stage.folder / "audit"
    with zipfile.ZipFile(archive) as content:
        content.extractall(bundle)
    stage.kept["bundle"] = bundle
    return Verified(msgspec.convert(online, Report), note, size, bundle)


def look_at_log(stage: Stage, work: Verified) -> SeenLog:
    """Verify with the public key and the newest note outside, and read the log with the Python client."""
    audit = stage.owner.client.audit
    stage.uses.note("tenuto.govern.verify", Means.OFFLINE)
    report = verify_bundle(work.bundle, audit.key(), [work.note])
    stage.kept["noted"], stage.kept["proven"] = work.note, report.tail_proven or 0
    entries = _whole_log(stage)
    told = {
        (one.record.actor.kind, one.record.action, one.record.verdict.effect)
        for one in entries
        if one.record.verdict
    }
    return SeenLog(msgspec.convert(msgspec.to_builtins(report), Report), told, len(entries))


def judge_log(work: Verified, seen: SeenLog) -> Proof:
    require_equal(work.online.problem_count, 0, "problems found online")
    require(work.exported > 0, "the export is empty")
    report = seen.offline
    require_equal([one.sentence for one in report.problems], [], "problems found in the exported bundle")
    require_equal(report.problem_count, 0, "number of problems in the exported bundle")
    require(report.records >= work.online.records, "the bundle holds fewer records than the log had")
    proven = report.tail_proven or 0
    require(proven >= work.online.records, f"the outside checkpoint proves {proven} records only")
    require(seen.entries >= report.records, "another client reads fewer records than the bundle holds")
    require_equal(_TOLD - seen.told, set(), "acts of this demo that the log does not know")
    facts = {"records": report.records, "proven": [one.sentence for one in report.proven]}
    return Proof(f"1-{report.records}", facts)


def tamper(stage: Stage) -> Tampered:
    """Edit a row, delete a row, cut the tail, each in a copy of the export."""
    original: Path = stage.kept["bundle"]
    lines = (original / _RECORDS).read_bytes().splitlines(keepends=True)
    kept = stage.kept["proven"] - _CUT
    require(_TAMPERED < kept < len(lines), "the log is too short to tamper with")
    stage.uses.note("zipfile", Means.OFFLINE)
    copies, places = {}, {}
    for name, tampering in _tamperings(kept).items():
        copies[name] = _copied(original, stage.folder / f"audit-{name}.zip", tampering.change(lines))
        places[name] = tampering.record
    return Tampered(copies, places)


def look_at_copies(stage: Stage, work: Tampered) -> SeenTampering:
    """Have each copy verified by the command line, which must end with exit code 1."""
    key = stage.owner.tenuto("audit", "key")["key"]
    note = stage.folder / "outside-note"
    note.write_text(stage.kept["noted"], "utf-8")
    given = ("--key", key, "--checkpoint", note)
    reports = {
        name: stage.owner.tenuto("audit", "verify-bundle", copy, *given, expect=1)
        for name, copy in work.copies.items()
    }
    return SeenTampering(msgspec.convert(reports, dict[str, Report]))


def judge_copies(work: Tampered, seen: SeenTampering) -> Proof:
    require_equal(sorted(seen.reports), sorted(KINDS), "copies that were verified")
    found = {}
    for name, report in seen.reports.items():
        require(report.problem_count > 0, f"the copy with {name} verifies")
        told = [one for one in report.problems if one.kind == name]
        kinds = sorted({one.kind for one in report.problems})
        require(told, f"expected {name!r} among what was found: {kinds}")
        places = [one.seq for one in told]
        require(work.places[name] in places, f"{name}: record {work.places[name]} is not named, but {places}")
        found[name] = told[0].sentence
    return Proof(", ".join(f"{name}: {place}" for name, place in work.places.items()), {"found": found})


def _tamperings(kept: int) -> dict[str, Tampering]:
    """Return the three ways, each with the record where it shows, counted from 1. The cut tail keeps ``kept``."""
    place = _TAMPERED
    return {
        "edited": Tampering(
            place, lambda lines: [*lines[: place - 1], _edited(lines[place - 1]), *lines[place:]]
        ),
        "deleted": Tampering(place, lambda lines: [*lines[: place - 1], *lines[place:]]),
        "cut_tail": Tampering(kept + 1, lambda lines: lines[:kept]),
    }


def _edited(line: bytes) -> bytes:
    """Let somebody else have done it."""
    edited = re.sub(rb'("name":")', rb"\1Eve, not ", line, count=1)
    require(edited != line, "the record names nobody, so nobody can be put in their place")
    return edited


def _copied(original: Path, copy: Path, records: Sequence[bytes]) -> Path:
    with zipfile.ZipFile(copy, "w") as bundle:
        for file in sorted(original.iterdir()):
            content = b"".join(records) if file.name == _RECORDS else file.read_bytes()
            bundle.writestr(file.name, content)
    return copy


def _whole_log(stage: Stage) -> list[AuditEntry]:
    """Return the records of the workspace and those of the organisation."""
    client = stage.owner.client
    return [entry for scope in (client, client.within(None)) for entry in _entries(scope)]


def _entries(client: Tenuto) -> Iterator[AuditEntry]:
    after: str | None = None
    while True:
        page = client.audit.entries(limit=200, after=after)
        yield from page.items
        if (after := page.next) is None or not page.items:
            return
