"""How fast an exported audit bundle is verified offline, and how fast the tree grows."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tenuto.core.words import Actor, ActorKind, Effect, Verdict
from tenuto.govern.audit_record import AuditedResource, AuditRecord, leaf_of
from tenuto.govern.checkpoints import Checkpoint, SigningKey, sign_checkpoint
from tenuto.govern.merkle import Frontier
from tenuto.govern.verify import BundleSource, LogRow, verify_bundle, write_bundle

RECORDS = 50_000
ROUNDS = 3
EVERY = 1_000
WRITERS = 4
KEY = SigningKey("tenuto.example/audit", bytes(32))
T = TypeVar("T")
TIME = "2026-11-21T20:00:00.000000Z"


def main() -> None:
    table = []
    taken, rows = _timed(lambda: [_row(number) for number in range(RECORDS)])
    table.append(["canonical form and leaf hash of a record", *_rate(taken)])
    bodies = [row.content for row in rows]
    taken, _ = _timed(lambda: [hashlib.sha256(body).digest() for body in bodies])
    table.append(["beside it: the hash of the same bytes alone", *_rate(taken)])
    taken, checkpoints = _timed(lambda: _checkpoints(rows))
    table.append([f"append to the tree, checkpoint each {EVERY:,}", *_rate(taken)])
    with tempfile.TemporaryDirectory() as home:
        for name in ("folder", "bundle.zip"):
            table += _bundle(Path(home), name, rows, checkpoints)
    print(
        json.dumps(
            {
                "title": "Audit log: hashing, exporting, verifying",
                "conditions": f"{RECORDS:,} records of {len(bodies[0])} bytes by {WRITERS} writers, one process, "
                f"{ROUNDS} rounds, load {os.getloadavg()[0]:.1f} when they ended",
                "columns": ["step", "median records/s", "lowest to highest", "us a record"],
                "rows": table,
            }
        )
    )


def _bundle(home: Path, name: str, rows: list[LogRow], checkpoints: list[str]) -> list[list[str]]:
    paths = iter(home / f"{number}-{name}" for number in range(ROUNDS))
    source = BundleSource(
        origin=KEY.name,
        created=TIME,
        key=str(KEY.verifier),
        rows=rows,
        pending=[],
        writers=[(f"w{number}", RECORDS // WRITERS) for number in range(WRITERS)],
        checkpoints=checkpoints,
    )
    written, _ = _timed(lambda: write_bundle(next(paths), source))
    verified, report = _timed(lambda: verify_bundle(home / f"0-{name}", str(KEY.verifier), [checkpoints[-1]]))
    if not report.ok or report.tail_proven != RECORDS:
        raise SystemExit(f"the bundle does not verify: {report.problems}")
    return [
        [f"write the bundle ({name})", *_rate(written)],
        [f"verify the bundle offline ({name})", *_rate(verified)],
    ]


def _row(number: int) -> LogRow:
    record = AuditRecord(
        id=f"0199a6c2-7d7e-7000-8000-{number:012x}",
        time=TIME,
        actor=Actor(ActorKind.PERSON, "0199a6c2-7d7e-7000-8000-0000000000aa", "Ana Lima"),
        action="gateway:route:apply",
        resource=AuditedResource("route", f"r{number}", "chat", "ws"),
        workspace="ws",
        verdict=Verdict(Effect.ALLOW, "Ana Lima is platform engineer", "b1", "sha256:" + "a" * 64),
        outcome="done",
        request_id=f"q{number}",
        source="192.0.2.1",
        detail={"before": None, "after": {"timeout": 30, "note": "raised"}},
        writer=f"w{number % WRITERS}",
        writer_seq=number // WRITERS + 1,
    )
    return LogRow.of(number + 1, leaf_of(record), record)


def _checkpoints(rows: list[LogRow]) -> list[str]:
    frontier, notes = Frontier(), []
    for start in range(0, RECORDS, EVERY):
        frontier = frontier.extended(row.leaf for row in rows[start : start + EVERY])
        notes.append(sign_checkpoint(Checkpoint(KEY.name, frontier.size, frontier.root(), TIME), KEY))
    return notes


def _timed(work: Callable[[], T]) -> tuple[list[float], T]:
    """Return the seconds of each round, and what the last one made."""
    taken, results = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        results[:] = [work()]
        taken.append(time.perf_counter() - start)
    return taken, results[0]


def _rate(taken: list[float]) -> list[str]:
    median = statistics.median(taken)
    return [
        f"{RECORDS / median:,.0f}",
        f"{RECORDS / max(taken):,.0f} to {RECORDS / min(taken):,.0f}",
        f"{median / RECORDS * 1e6:.1f}",
    ]


if __name__ == "__main__":
    main()
