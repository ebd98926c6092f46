"""An exported audit log: a folder or a zip file that can be verified with the public key alone.

    manifest.json      format, origin, public key, and how many lines the other files have
    records.jsonl      {"seq": 1, "leaf": HEX, "record": {...}}, in the order of seq
    pending.jsonl      the same without seq: rows that have no place yet
                       ({"unreadable": WHY, "seq": 1, "leaf": HEX} for a row that was broken when exported)
    writers.jsonl      {"writer": ID, "count": N}
    checkpoints.jsonl  one signed note a line, as JSON text

The bytes of ``record`` in the file are the bytes that were hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.checkpoints import parse_verifier_key
from tenuto.govern.errors import BUNDLE_UNREADABLE
from tenuto.govern.verify.containers import open_container, write_container
from tenuto.govern.verify.findings import problem
from tenuto.govern.verify.rules import verify_log
from tenuto.govern.verify.words import LogRow, ProblemKind, Report, Statement, Unreadable

FORMAT = "tenuto-audit-bundle/1"
_MANIFEST = "manifest.json"
_RECORDS = "records.jsonl"
_PENDING = "pending.jsonl"
_WRITERS = "writers.jsonl"
_CHECKPOINTS = "checkpoints.jsonl"
_UNDECODABLE = (msgspec.DecodeError, ValueError, RecursionError)  # UnicodeDecodeError is a ValueError


class BundleSource(msgspec.Struct, frozen=True):
    """What goes into a bundle, all of one database snapshot. ``created`` is what ``audit_time`` writes.

    A row that the database no longer gives in full is exported as that: evidence is not left out.
    """

    origin: str
    created: str
    key: str
    rows: Iterable[LogRow | Unreadable]
    pending: Iterable[LogRow | Unreadable]
    writers: Iterable[tuple[str, int]]
    checkpoints: Iterable[str]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    origin: str
    created: str
    key: str
    records: int
    pending: int
    writers: int
    checkpoints: int


class _Line(msgspec.Struct, gc=False):
    leaf: str
    record: msgspec.Raw
    seq: int | None = None


class _Head(msgspec.Struct, gc=False):
    """The fields of a record that verification looks at."""

    id: str
    writer: str
    writer_seq: int


class _Broken(msgspec.Struct, omit_defaults=True):
    """The line of a row that could not be read when it was exported."""

    unreadable: str
    seq: int | None = None
    leaf: str | None = None
    gone: bool = False


class _Writer(msgspec.Struct):
    writer: str
    count: int


def write_bundle(target: Path, source: BundleSource) -> Manifest:
    """Write a bundle to ``target``, a zip file if it ends in ``.zip``, else a folder. Never overwrites."""
    with write_container(target) as container:
        manifest = Manifest(
            format=FORMAT,
            origin=source.origin,
            created=source.created,
            key=source.key,
            records=container.add(_RECORDS, map(_row_line, source.rows)),
            pending=container.add(_PENDING, map(_row_line, source.pending)),
            writers=container.add(_WRITERS, (msgspec.json.encode(_Writer(*each)) for each in source.writers)),
            checkpoints=container.add(_CHECKPOINTS, map(msgspec.json.encode, source.checkpoints)),
        )
        container.add(_MANIFEST, [msgspec.json.encode(manifest)])
    return manifest


def verify_bundle(path: Path, public_key: str | None = None, outside: Sequence[str] = ()) -> Report:
    """Verify a bundle, offline. ``outside`` are checkpoints from a sink, the newest at least.

    ``public_key`` is the line that the installation published. Without it the key inside the bundle is used,
    and the report says that whoever made the bundle may have made the key too.
    """
    with open_container(path) as container:
        manifest = _manifest(b"".join(container.lines(_MANIFEST)))
        writers = dict(map(_writer, container.lines(_WRITERS)))
        notes = [_note(line) for line in container.lines(_CHECKPOINTS)]
        report = verify_log(
            _rows(_RECORDS, container.lines(_RECORDS)),
            _rows(_PENDING, container.lines(_PENDING)),
            writers,
            notes,
            parse_verifier_key(public_key if public_key is not None else manifest.key),
            outside,
        )
    report = _compared(report, manifest, len(writers), len(notes))
    return report if public_key is not None else _with_borrowed_key(report)


def _row_line(row: LogRow | Unreadable) -> bytes:
    if isinstance(row, Unreadable):
        leaf = row.leaf.hex() if row.leaf is not None else None
        return msgspec.json.encode(_Broken(unreadable=row.why, seq=row.seq, leaf=leaf, gone=row.gone))
    place = b"" if row.seq is None else b'"seq":%d,' % row.seq
    return b'{%s"leaf":"%s","record":%s}' % (place, row.leaf.hex().encode(), row.content)


def _rows(name: str, lines: Iterable[bytes]) -> Iterator[LogRow | Unreadable]:
    line_decoder, head_decoder = msgspec.json.Decoder(_Line), msgspec.json.Decoder(_Head)
    for number, text in enumerate(lines, 1):
        place = f"Line {number} of {name}"
        try:
            line = line_decoder.decode(text)
            head = head_decoder.decode(line.record)
            leaf = bytes.fromhex(line.leaf)
        except _UNDECODABLE as error:
            yield _broken_row(text, place, str(error))
            continue
        row = LogRow(line.seq, leaf, bytes(line.record), head.id, head.writer, head.writer_seq)
        # Whatever else stood in the line would be read by people and hashed by nobody.
        yield row if _row_line(row) == text else Unreadable(place, "it holds more than its record")


def _broken_row(text: bytes, place: str, why: str) -> Unreadable:
    """Return what the export said of a row that it could not read; else what is wrong with the line."""
    try:
        broken = msgspec.json.decode(text, type=_Broken)
        leaf = bytes.fromhex(broken.leaf) if broken.leaf is not None else None
    except _UNDECODABLE:
        return Unreadable(place, why)
    where = place if broken.seq is None else f"Record {broken.seq}"
    return Unreadable(where, broken.unreadable, broken.seq, leaf, broken.gone)


def _manifest(text: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except _UNDECODABLE as error:
        raise TenutoError(BUNDLE_UNREADABLE, f"{_MANIFEST}: {error}") from error
    if manifest.format != FORMAT:
        raise TenutoError(
            BUNDLE_UNREADABLE, f"its format is {manifest.format!r}; this version reads {FORMAT!r}"
        )
    return manifest


def _writer(line: bytes) -> tuple[str, int]:
    try:
        writer = msgspec.json.decode(line, type=_Writer)
    except _UNDECODABLE as error:
        raise TenutoError(BUNDLE_UNREADABLE, f"{_WRITERS}: {error}") from error
    return writer.writer, writer.count


def _note(line: bytes) -> str:
    """Return the note of a line; of a broken line what is left of it, which no signature will fit."""
    try:
        return msgspec.json.decode(line, type=str)
    except _UNDECODABLE:
        return line.decode("utf-8", "replace")


def _compared(report: Report, manifest: Manifest, writers: int, notes: int) -> Report:
    """Add a problem for each file that holds another number of lines than the manifest says."""
    found = {_RECORDS: report.records, _PENDING: report.pending, _WRITERS: writers, _CHECKPOINTS: notes}
    said = {
        _RECORDS: manifest.records,
        _PENDING: manifest.pending,
        _WRITERS: manifest.writers,
        _CHECKPOINTS: manifest.checkpoints,
    }
    problems = tuple(
        problem(ProblemKind.INCOMPLETE, f"{name} holds {found[name]} lines; the manifest says {said[name]}.")
        for name in found
        if found[name] != said[name]
    )
    return msgspec.structs.replace(
        report, problems=report.problems + problems, problem_count=report.problem_count + len(problems)
    )


def _with_borrowed_key(report: Report) -> Report:
    sentence = "The public key came with the bundle: who forged one could have forged both."
    return msgspec.structs.replace(report, unproven=(*report.unproven, Statement("key", sentence)))
