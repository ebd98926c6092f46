"""The verification itself: rows in order, counters and checkpoints in; a report out. No file, no database.

Four witnesses are heard. Each record must have its leaf hash. The leaves in their order must give the root of
every signed checkpoint. Every writer's own numbers must be complete and in order. And a checkpoint from
outside the log says how long it was at least, which nothing inside can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tenuto.govern.checkpoints import VerifierKey
from tenuto.govern.merkle import leaf_hash
from tenuto.govern.verify.conclusions import conclude
from tenuto.govern.verify.counting import Arrival, Count
from tenuto.govern.verify.findings import Findings
from tenuto.govern.verify.points import Points
from tenuto.govern.verify.words import LogRow, ProblemKind, Report, Unreadable


def verify_log(
    rows: Iterable[LogRow | Unreadable],
    pending: Iterable[LogRow | Unreadable],
    writers: Mapping[str, int],
    checkpoints: Iterable[str],
    key: VerifierKey,
    outside: Sequence[str] = (),
) -> Report:
    """Verify a log: its ``rows`` in order, its rows without a place yet, and its writers' counters.

    ``checkpoints`` are the signed notes kept with the log, ``outside`` those from a sink. All parts must be
    of one moment (one database snapshot), or records in flight look lost. The sequencer must give a writer's
    records their places in the order of ``writer_seq``.
    """
    findings = Findings()
    points = Points(checkpoints, outside, key, findings)
    walk = _Walk(points, findings)
    for row in rows:
        walk.take(row)
    points.finish()
    for row in pending:
        walk.take_pending(row)
    return conclude(findings, points, walk.seqs, walk.writers, writers)


class _Walk:
    """One pass over the rows, holding counts only."""

    def __init__(self, points: Points, findings: Findings) -> None:
        self.seqs = Count()
        self.writers: dict[str, Count] = {}
        self._points = points
        self._findings = findings

    def take(self, row: LogRow | Unreadable) -> None:
        findings = self._findings
        findings.records += 1
        if isinstance(row, Unreadable):
            self._unreadable(row)
            self._pass_over(row)
            return
        seq = row.seq or 0
        if leaf_hash(row.content) != row.leaf:
            self._edited(row, f"Record {seq}")
        arrival = self.seqs.see(seq, seq)
        if arrival is not Arrival.IN_TURN:
            self._out_of_turn(row, arrival)
        arrival = self._count_of(row.writer).see(row.writer_seq, seq)
        if arrival is Arrival.LATE:
            findings.add(
                ProblemKind.REORDERED,
                f"Record {seq} is number {row.writer_seq} of writer {row.writer}, but follows a later one.",
                row=row,
            )
        elif arrival is Arrival.AGAIN:
            self._taken(row, f"Record {seq}")
        self._points.grow(row.leaf)

    def take_pending(self, row: LogRow | Unreadable) -> None:
        self._findings.pending += 1
        if isinstance(row, Unreadable):
            self._unreadable(row)
            return
        if leaf_hash(row.content) != row.leaf:
            self._edited(row, "A record without a place yet")
        # Without a place there is no order either, so a late number is as good as any.
        if self._count_of(row.writer).see(row.writer_seq, self.seqs.last + 1) is Arrival.AGAIN:
            self._taken(row, "A record without a place yet")

    def _count_of(self, writer: str) -> Count:
        count = self.writers.get(writer)
        if count is None:
            count = self.writers[writer] = Count()
        return count

    def _out_of_turn(self, row: LogRow, arrival: Arrival) -> None:
        """Tell of a wrong place. What is missing is told at the end, when nothing can come late any more."""
        self._points.stop(self._findings.records)
        if arrival is Arrival.LATE:
            sentence = f"Record {row.seq} stands behind record {self.seqs.last}."
            self._findings.add(ProblemKind.REORDERED, sentence, row=row)
        elif arrival is Arrival.AGAIN:
            sentence = f"A second record claims place {row.seq}."
            self._findings.add(ProblemKind.INSERTED, sentence, row=row)

    def _edited(self, row: LogRow, where: str) -> None:
        sentence = f"{where} (id {row.id}) is not what was written: its leaf hash differs."
        self._findings.add(ProblemKind.EDITED, sentence, row=row)

    def _taken(self, row: LogRow, where: str) -> None:
        sentence = f"{where} claims to be number {row.writer_seq} of writer {row.writer}, which is taken."
        self._findings.add(ProblemKind.INSERTED, sentence, row=row)

    def _unreadable(self, row: Unreadable) -> None:
        self._findings.unreadable += 1
        kind = ProblemKind.DELETED if row.gone else ProblemKind.UNREADABLE
        state = "is missing" if row.gone else "cannot be read"
        self._findings.add(kind, f"{row.place} {state}: {row.why}.", seq=row.seq)

    def _pass_over(self, row: Unreadable) -> None:
        """Follow the tree past a row whose place and leaf are known; else it is not known any more."""
        if row.seq is None or row.leaf is None or self.seqs.see(row.seq, row.seq) is not Arrival.IN_TURN:
            self._points.stop(self._findings.records)
        else:
            self._points.grow(row.leaf)
