"""A small audit log as the product keeps it, and what somebody with the database in hand can do to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from tenuto.core.words import Actor, ActorKind, Effect, Verdict
from tenuto.govern.audit_record import AuditedResource, AuditRecord, leaf_of
from tenuto.govern.checkpoints import Checkpoint, SigningKey, sign_checkpoint
from tenuto.govern.merkle import Frontier
from tenuto.govern.verify import BundleSource, LogRow, Report, verify_log

ORIGIN = "tenuto.example/audit"
KEY = SigningKey(ORIGIN, bytes(range(32)))
TIME = "2026-11-21T20:00:00.000000Z"


def record(number: int, writer: str = "w0", writer_seq: int | None = None, **changes: object) -> AuditRecord:
    made = AuditRecord(
        id=f"0199a6c2-7d7e-7000-8000-{number:012x}",
        time=TIME,
        actor=Actor(ActorKind.PERSON, "ana", "Ana"),
        action="gateway:route:apply",
        resource=AuditedResource("route", f"r{number}", "chat", "ws"),
        workspace="ws",
        verdict=Verdict(Effect.ALLOW, "Ana is platform engineer", "b1", "sha256:aa"),
        outcome="done",
        request_id=f"q{number}",
        source="192.0.2.1",
        detail={"number": number},
        writer=writer,
        writer_seq=number if writer_seq is None else writer_seq,
    )
    return msgspec.structs.replace(made, **changes)


def row(seq: int | None, made: AuditRecord) -> LogRow:
    return LogRow.of(seq, leaf_of(made), made)


@dataclass
class Log:
    """Rows, rows without a place, counters and checkpoints: all that a bundle holds."""

    rows: list[LogRow] = field(default_factory=list)
    pending: list[LogRow] = field(default_factory=list)
    writers: dict[str, int] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, *, writers: int = 1, every: int = 5, pending: int = 0) -> Log:
        """Return a sound log whose writers take turns, with a checkpoint each ``every`` records and last."""
        log = cls(writers={f"w{number}": 0 for number in range(writers)})
        for number in range(size + pending):
            writer = f"w{number % writers}"
            log.writers[writer] += 1
            made = record(number, writer, log.writers[writer])
            (log.rows if number < size else log.pending).append(
                row(number + 1 if number < size else None, made)
            )
        log.checkpoints = [log.checkpoint(at) for at in range(every, size, every)] + [log.checkpoint(size)]
        log.outside = [log.checkpoints[-1]]
        return log

    def checkpoint(self, size: int, key: SigningKey = KEY) -> str:
        root = Frontier().extended(each.leaf for each in self.rows[:size]).root()
        return sign_checkpoint(Checkpoint(key.name, size, root, TIME), key)

    def copy(self) -> Log:
        return replace(
            self,
            rows=list(self.rows),
            pending=list(self.pending),
            writers=dict(self.writers),
            checkpoints=list(self.checkpoints),
            outside=list(self.outside),
        )

    def renumbered(self) -> Log:
        """The forger gives the rows dense places again."""
        self.rows = [msgspec.structs.replace(each, seq=place) for place, each in enumerate(self.rows, 1)]
        return self

    def rewritten(self, key: SigningKey = KEY, every: int = 5) -> Log:
        """The forger holds the signing key too, and makes every checkpoint anew."""
        self.renumbered()
        size = len(self.rows)
        self.checkpoints = [self.checkpoint(at, key) for at in range(every, size, every)]
        self.checkpoints.append(self.checkpoint(size, key))
        return self

    def edited(self, place: int, *, leaf_too: bool = False, **changes: object) -> Log:
        """The record at index ``place`` is changed; ``leaf_too`` recomputes its leaf hash."""
        old = self.rows[place]
        made = msgspec.structs.replace(msgspec.json.decode(old.content, type=AuditRecord), **changes)
        leaf = leaf_of(made) if leaf_too else old.leaf
        self.rows[place] = LogRow.of(old.seq, leaf, made)
        return self

    def verify(self, *, outside: bool = False) -> Report:
        return verify_log(
            self.rows,
            self.pending,
            self.writers,
            self.checkpoints,
            KEY.verifier,
            self.outside if outside else (),
        )

    def source(self) -> BundleSource:
        return BundleSource(
            origin=ORIGIN,
            created=TIME,
            key=str(KEY.verifier),
            rows=self.rows,
            pending=self.pending,
            writers=list(self.writers.items()),
            checkpoints=self.checkpoints,
        )
