"""The growing list of problems, each with the fix that belongs to its kind."""

from __future__ import annotations

from tenuto.govern.verify.words import LogRow, Problem, ProblemKind

MOST_PROBLEMS = 1000  # kept; the rest is only counted

_RESTORE = "Compare with a backup or an older export, find out who could write to the database, and restore."
_FIXES = {
    ProblemKind.EDITED: _RESTORE,
    ProblemKind.DELETED: _RESTORE,
    ProblemKind.INSERTED: _RESTORE,
    ProblemKind.REORDERED: _RESTORE,
    ProblemKind.LOST: _RESTORE,
    ProblemKind.ROOT_MISMATCH: _RESTORE,
    ProblemKind.CUT_TAIL: "Get the missing records from a backup or an older export, or copy again.",
    ProblemKind.FORKED: "Treat the signing key as stolen: replace it, and compare what was published where.",
    ProblemKind.BAD_CHECKPOINT: "Check that the public key is this log's; if so, the checkpoint was altered.",
    ProblemKind.CHECKPOINTS_MISSING: "Pass a checkpoint from the sink outside the log, or export again.",
    ProblemKind.UNREADABLE: "Export the bundle again; if the same row fails, restore it from a backup.",
    ProblemKind.INCOMPLETE: "Copy or export the bundle again; the copy is not what was exported.",
}


class Findings:
    """What one verification has found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.problem_count = 0
        self.kinds: set[ProblemKind] = set()
        self.records = 0
        self.pending = 0
        self.unreadable = 0

    def add(
        self,
        kind: ProblemKind,
        sentence: str,
        *,
        row: LogRow | None = None,
        seq: int | None = None,
        through: int | None = None,
    ) -> None:
        self.problem_count += 1
        self.kinds.add(kind)
        if len(self.problems) < MOST_PROBLEMS:
            place = row.seq if row is not None else seq
            record = row.id if row is not None else None
            self.problems.append(problem(kind, sentence, seq=place, through=through, record=record))


def problem(
    kind: ProblemKind,
    sentence: str,
    *,
    seq: int | None = None,
    through: int | None = None,
    record: str | None = None,
) -> Problem:
    return Problem(kind, sentence, _FIXES[kind], seq, through, record)
