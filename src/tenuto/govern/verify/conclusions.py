"""From what the walk met to what is reported: the problems that show only at the end, and the two lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenuto.govern.verify.counting import Count, Gap
from tenuto.govern.verify.findings import Findings
from tenuto.govern.verify.points import Point, Points
from tenuto.govern.verify.words import ProblemKind, Report, Statement


def conclude(
    findings: Findings,
    points: Points,
    seqs: Count,
    seen: Mapping[str, Count],
    counters: Mapping[str, int],
) -> Report:
    _tell_deleted(findings, seqs)
    _tell_mismatched(findings, points)
    _tell_cut_tail(findings, points, seqs)
    _tell_writers(findings, points, seqs, seen, counters)
    if findings.records and not points.all:
        sentence = f"Nothing signed vouches for these {findings.records} records: there is no checkpoint."
        findings.add(ProblemKind.CHECKPOINTS_MISSING, sentence)
    tail = max((point.size for point in points.matched if point.outside), default=None)
    return Report(
        records=findings.records,
        pending=findings.pending,
        writers=len(counters),
        checkpoints=len(points.all),
        problem_count=findings.problem_count,
        problems=tuple(findings.problems),
        proven=tuple(_proven(findings, points, tail)),
        unproven=tuple(_unproven(findings, points, tail)),
        tail_proven=tail,
    )


def _tell_deleted(findings: Findings, seqs: Count) -> None:
    for gap in seqs.missing():
        findings.add(
            ProblemKind.DELETED, f"{_records(gap.first, gap.last)} missing.", seq=gap.first, through=gap.last
        )


def _tell_mismatched(findings: Findings, points: Points) -> None:
    """Tell where the roots part. One that differs although a larger one agrees says that the signer lied."""
    agreed = points.matched[-1].size if points.matched else 0
    forked = [point for point in points.mismatched if points.matched and point.size <= agreed]
    for point in forked:
        sentence = f"{_capital(point)} contradicts {points.matched[-1]}, and both are signed."
        findings.add(ProblemKind.FORKED, sentence, seq=point.size)
    against = [point for point in points.mismatched if point not in forked]
    if against:
        first, more = against[0], len(against) - 1
        also = f" {more} later ones differ too." if more else ""
        sentence = (
            f"Between record {agreed + 1} and record {first.size} something was changed, inserted, removed "
            f"or swapped: {first} has another root.{also}"
        )
        findings.add(ProblemKind.ROOT_MISMATCH, sentence, seq=agreed + 1, through=first.size)


def _tell_cut_tail(findings: Findings, points: Points, seqs: Count) -> None:
    newest = points.all[-1] if points.all else None
    if newest is not None and newest.size > seqs.last:
        sentence = f"The log ends at record {seqs.last}, but there is {newest}."
        findings.add(ProblemKind.CUT_TAIL, sentence, seq=seqs.last + 1, through=newest.size)


def _tell_writers(
    findings: Findings,
    points: Points,
    seqs: Count,
    seen: Mapping[str, Count],
    counters: Mapping[str, int],
) -> None:
    missing: list[tuple[str, Gap]] = []
    for writer in sorted({*seen, *counters}):
        count, counted = seen.get(writer, Count()), counters.get(writer)
        missing += [(writer, gap) for gap in count.missing()]
        if counted is None:
            sentence = f"Writer {writer} has {count.last} records here, but no counter: it never wrote them."
            findings.add(ProblemKind.INSERTED, sentence)
        elif counted > count.last:
            missing.append((writer, Gap(count.last + 1, counted, seqs.last + 1)))
        elif counted < count.last:
            sentence = f"Writer {writer} counted {counted} records, but number {count.last} is here."
            findings.add(ProblemKind.INSERTED, sentence)
    told = findings.unreadable + sum(gap.width for gap in seqs.missing())
    if sum(gap.width for _, gap in missing) <= told:
        return  # these are the records already told to be missing, by their places
    for writer, gap in missing:
        _tell_lost(findings, points, writer, gap)


def _tell_lost(findings: Findings, points: Points, writer: str, gap: Gap) -> None:
    numbers = f"{gap.first}" if gap.width == 1 else f"{gap.first} to {gap.last}"
    before = f"Writer {writer} counted number {numbers}, but it is not there before record {gap.noticed}"
    proven = points.matched[-1].size if points.matched else 0
    disproven = points.mismatched[-1].size if points.mismatched else 0
    if gap.noticed <= proven:
        findings.add(ProblemKind.LOST, f"{before}: it vanished before it got a place.", seq=gap.noticed)
    elif gap.noticed <= disproven:
        findings.add(
            ProblemKind.DELETED, f"{before}: it was taken out and the rest renumbered.", seq=gap.noticed
        )
    elif ProblemKind.CUT_TAIL in findings.kinds:
        findings.add(ProblemKind.CUT_TAIL, f"{before}: it went with the tail that was cut.", seq=gap.noticed)
    else:
        sentence = f"{before}: it vanished before it got a place, or was cut off behind the last checkpoint."
        findings.add(ProblemKind.LOST, sentence, seq=gap.noticed)


def _proven(findings: Findings, points: Points, tail: int | None) -> Iterator[Statement]:
    kinds = findings.kinds
    if not kinds & {ProblemKind.EDITED, ProblemKind.UNREADABLE}:
        yield Statement("leaves", f"Each of {findings.records + findings.pending} records has its leaf hash.")
    if points.matched:
        sentence = f"Records 1 to {points.matched[-1].size} are those of {points.matched[-1]}."
        yield Statement("signed", sentence)
    uncounted = {ProblemKind.LOST, ProblemKind.DELETED, ProblemKind.INSERTED, ProblemKind.CUT_TAIL}
    if points.matched and not kinds & uncounted:
        # A record's number lies in its leaf, so what is signed is complete. Later counts are nobody's word.
        sentence = (
            f"Up to record {points.matched[-1].size}, no record that a writer counted is missing, "
            "and none is there uncounted."
        )
        yield Statement("complete", sentence)
    if tail is not None:
        yield Statement("tail", f"The log was not cut before record {tail}, nor rewritten up to there.")


def _unproven(findings: Findings, points: Points, tail: int | None) -> Iterator[Statement]:
    signed = points.matched[-1].size if points.matched else 0
    if points.stopped_at is not None and points.unreached:
        sentence = f"From record {points.stopped_at} on, no checkpoint could be compared."
        yield Statement("not_compared", sentence)
    elif signed < findings.records and not points.mismatched:
        sentence = f"No checkpoint covers records {signed + 1} to {findings.records} yet."
        yield Statement("not_signed", sentence)
    if findings.pending:
        sentence = (
            f"Nothing signed vouches for the {findings.pending} records that have no place yet: until they have "
            "one, such a record could be slipped in or taken away together with its writer's count."
        )
        yield Statement("pending", sentence)
    if tail is None:
        sentence = (
            "Tail unproven: without a matching checkpoint from outside the log, records cut off behind the "
            "last one, or a log rewritten by a holder of the signing key, would not show."
        )
        yield Statement("tail", sentence)
    elif tail < findings.records:
        sentence = f"No checkpoint from outside vouches for records {tail + 1} to {findings.records}."
        yield Statement("tail_after", sentence)


def _records(first: int, last: int) -> str:
    return f"Record {first} is" if first == last else f"Records {first} to {last} are"


def _capital(point: Point) -> str:
    text = str(point)
    return text[0].upper() + text[1:]
