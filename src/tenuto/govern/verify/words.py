"""What verification reads, and what it answers."""

from __future__ import annotations

from enum import Enum

import msgspec

from tenuto.govern.audit_record import AuditRecord, canonical_bytes


class LogRow(msgspec.Struct, frozen=True, gc=False):
    """One row as it is stored. ``seq`` counts from 1; None stands for a row that has no place in the log yet.

    ``id``, ``writer`` and ``writer_seq`` are those inside ``content``, the record's canonical bytes.
    """

    seq: int | None
    leaf: bytes
    content: bytes
    id: str
    writer: str
    writer_seq: int

    @classmethod
    def of(cls, seq: int | None, leaf: bytes, record: AuditRecord) -> LogRow:
        """Return the row of a record that was rebuilt from the columns it is stored in."""
        return cls(seq, leaf, canonical_bytes(record), record.id, record.writer, record.writer_seq)


class Unreadable(msgspec.Struct, frozen=True):
    """A row whose record cannot be read. ``place`` says where it is ("Line 7 of records.jsonl", "Record 7").

    Where the place in the log and the leaf are kept apart from the record, they are given: the tree can then
    be followed past the row. ``gone`` tells that the record is not damaged but missing.
    """

    place: str
    why: str
    seq: int | None = None
    leaf: bytes | None = None
    gone: bool = False


class ProblemKind(Enum):
    EDITED = "edited"  # a record does not have its leaf hash
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    LOST = "lost"  # counted by its writer, in the log nowhere
    ROOT_MISMATCH = "root_mismatch"  # records and leaves agree, but not with what was signed
    CUT_TAIL = "cut_tail"
    FORKED = "forked"  # two signed checkpoints contradict each other
    BAD_CHECKPOINT = "bad_checkpoint"
    CHECKPOINTS_MISSING = "checkpoints_missing"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"  # fewer or more lines than the bundle's manifest says


class Problem(msgspec.Struct, frozen=True):
    """One sign of tampering or damage. It lies at ``seq``, or somewhere from ``seq`` through ``through``."""

    kind: ProblemKind
    sentence: str
    fix: str
    seq: int | None = None
    through: int | None = None
    record: str | None = None


class Statement(msgspec.Struct, frozen=True):
    """Something the verification proves, or says that it cannot prove. ``code`` never changes."""

    code: str
    sentence: str


class Report(msgspec.Struct, frozen=True):
    """``problems`` holds the first thousand; ``problem_count`` counts all.

    ``tail_proven`` is the number of records that a checkpoint from outside the log vouches for. None means
    that the tail is unproven, which is no failure but is never left unsaid.
    """

    records: int
    pending: int
    writers: int
    checkpoints: int
    problem_count: int
    problems: tuple[Problem, ...]
    proven: tuple[Statement, ...]
    unproven: tuple[Statement, ...]
    tail_proven: int | None

    @property
    def ok(self) -> bool:
        return self.problem_count == 0
