"""What audit and events cost: eight processes call one use case, against the same effect without them.

Both variants do the same effect through the same transaction and the same permission check; one writes its audit
record and its event with it. Rounds are interleaved, so a noisy neighbour meets both.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from tenuto.app.schema import migrations
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Actor, ActorKind, Effect, Event, Ref, Scope, Verdict
from tenuto.govern.use_case import Case, Desk, use_case
from tenuto.store.database import Database, Logins, Role, Transaction
from tenuto.store.embedded.supervisor import EmbeddedPostgres

PROCESSES, ROUNDS, CALLS = 8, 5, 150
SCOPE = Scope(
    Actor(ActorKind.PERSON, "0193a000-0000-7000-8000-000000000001", "Ann"), None, "bench", "127.0.0.1"
)
_MARK = sa.text("insert into bench_mark (id, at) values (:id, tenuto_now())")


class Allowing:
    """Answers at once: what is measured is the writing, which is the same for every policy."""

    def decide(self, _tx: Transaction, _action: str, _resource: Ref) -> Verdict:
        return Verdict(Effect.ALLOW, "bench", "bench", "bench")

    def allows(self, _tx: Transaction, _action: str, _resource: Ref) -> bool:
        return True


@use_case("bench:mark:make")
def audited(case: Case) -> None:
    mark = case.ids.new()
    case.permit(Ref("Mark", mark))
    case.tx.execute(_MARK, {"id": mark})
    case.record(Ref("Mark", mark), {"bench": True}, [Event("mark.made", mark)])


@use_case("bench:mark:make", mutating=False)
def bare(case: Case) -> None:
    mark = case.ids.new()
    case.permit(Ref("Mark", mark))
    case.tx.execute(_MARK, {"id": mark})


def calls_per_second(logins: Logins, name: str) -> float:
    """Return how many calls all processes together make in a second."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        pool.starmap(_warm, [(logins,)] * PROCESSES)
        started = time.monotonic()
        pool.starmap(_call, [(logins, name)] * PROCESSES)
        return PROCESSES * CALLS / (time.monotonic() - started)


def _warm(logins: Logins) -> None:
    _call(logins, "bare", 3)


def _call(logins: Logins, name: str, count: int = CALLS) -> None:
    desk = _DESKS.setdefault(
        "desk", Desk(Database(logins, pool_size=1), Allowing(), SystemClock(), UuidSeven())
    )
    chosen = {"audited": audited, "bare": bare}[name]
    for _ in range(count):
        chosen(desk, SCOPE)


_DESKS: dict[str, Desk] = {}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "home", clock=SystemClock()).start()
        try:
            logins = server.logins()
            migrations().upgrade(logins)
            with Database(logins).begin(SCOPE, Role.OWNER) as tx:
                tx.execute(sa.text("create table bench_mark (id uuid primary key, at timestamptz not null)"))
                tx.execute(sa.text("grant select, insert on bench_mark to tenuto_app"))
            found: dict[str, list[float]] = {"bare": [], "audited": []}
            for _ in range(ROUNDS):
                for name, rates in found.items():
                    rates.append(calls_per_second(logins, name))
        finally:
            server.stop()
    ratios = [one / other for one, other in zip(found["audited"], found["bare"], strict=True)]
    rows = [
        _row("effect alone, calls/s", found["bare"], "{:.0f}"),
        _row("effect, audit record and event, calls/s", found["audited"], "{:.0f}"),
        _row("ratio, round by round (0.70 is wanted)", ratios, "{:.2f}"),
    ]
    print(
        json.dumps(
            {
                "title": "What audit and events cost",
                "conditions": f"{PROCESSES} processes, {CALLS} calls each in {ROUNDS} interleaved rounds, "
                f"load {os.getloadavg()[0]:.1f} when it ended",
                "columns": ["what", "median", "lowest to highest"],
                "rows": rows,
            }
        )
    )


def _row(what: str, found: list[float], form: str) -> list[str]:
    spread = f"{form} to {form}".format(min(found), max(found))
    return [what, form.format(statistics.median(found)), spread]


if __name__ == "__main__":
    main()
