"""What audit and events cost: eight processes call one use case, against the same effect without them.

Both use cases make the same effect through the same transaction and the same permission check; one writes its
audit record and its event with it. Beside them stands the effect with nothing around it: the driver, one
statement, one commit. Rounds are interleaved, so a noisy neighbour meets all three.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Queue
from typing import Any

import psycopg
import sqlalchemy as sa

from tenuto.app.schema import migrations
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Actor, ActorKind, Effect, Event, Ref, Scope, Verdict
from tenuto.govern.use_case import Case, Desk, use_case
from tenuto.store.database import Database, Logins, Role, Transaction
from tenuto.store.embedded.supervisor import EmbeddedPostgres

PROCESSES, ROUNDS, SECONDS, WARM_CALLS = 8, 11, 1.0, 20
NAMES = ("driver", "bare", "audited")
SCOPE = Scope(
    Actor(ActorKind.PERSON, "0193a000-0000-7000-8000-000000000001", "Ann"), None, "bench", "127.0.0.1"
)
_MARK = sa.text("insert into bench_mark (id, at) values (:id, tenuto_now())")
_TABLE = "create table bench_mark (id uuid primary key, at timestamptz not null)"


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


def caller(logins: Logins, together: Barrier, told: Queue[dict[str, list[float]]]) -> None:
    """Call each variant round by round, all processes at once. Tells how many calls a second were made here."""
    desk = Desk(Database(logins, pool_size=1), Allowing(), SystemClock(), UuidSeven())
    with psycopg.connect(desk.database.raw_url(Role.APP)) as connection:
        calls: dict[str, Callable[[], None]] = {
            "driver": lambda: by_driver(connection, desk.ids.new()),
            "bare": lambda: bare(desk, SCOPE),
            "audited": lambda: audited(desk, SCOPE),
        }
        for name in NAMES:
            for _ in range(WARM_CALLS):
                calls[name]()
        found: dict[str, list[float]] = {name: [] for name in NAMES}
        for _ in range(ROUNDS):
            for name in NAMES:
                together.wait(120)
                found[name].append(_rate(calls[name]))
    desk.database.close()
    told.put(found)


def by_driver(connection: psycopg.Connection[Any], mark: str) -> None:
    connection.execute("insert into bench_mark (id, at) values (%s, tenuto_now())", (mark,))
    connection.commit()


def _rate(call: Callable[[], None]) -> float:
    """Return the calls made in a second, from the first begun to the last ended."""
    began, made = time.monotonic(), 0
    while (passed := time.monotonic() - began) < SECONDS:
        call()
        made += 1
    return made / passed


def measure(logins: Logins) -> dict[str, list[float]]:
    """Return, by variant and round, how many calls all processes together made in a second."""
    context = multiprocessing.get_context("spawn")
    together, told = context.Barrier(PROCESSES), context.Queue()
    processes = [context.Process(target=caller, args=(logins, together, told)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    found = [told.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    return {name: [sum(each[name][number] for each in found) for number in range(ROUNDS)] for name in NAMES}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "home", clock=SystemClock()).start()
        try:
            logins = server.logins()
            migrations().upgrade(logins)
            with Database(logins).begin(SCOPE, Role.OWNER) as tx:
                tx.execute(sa.text(_TABLE))
                tx.execute(sa.text("grant select, insert on bench_mark to tenuto_app"))
            found = measure(logins)
        finally:
            server.stop()
    ratios = [one / other for one, other in zip(found["audited"], found["bare"], strict=True)]
    rows = [
        _row("the driver alone: one statement and commit, calls/s", found["driver"], "{:,.0f}", ""),
        _row("use case: permission and effect, calls/s", found["bare"], "{:,.0f}", ""),
        _row("the same with audit record and event, calls/s", found["audited"], "{:,.0f}", "about 2,000"),
        _row("ratio of the last two, round by round", ratios, "{:.2f}", "0.70"),
    ]
    print(
        json.dumps(
            {
                "title": "What audit and events cost",
                "conditions": f"{PROCESSES} processes at once, {ROUNDS} interleaved rounds of {SECONDS:g} s, each "
                f"commit waits for the disk, load {os.getloadavg()[0]:.1f} when it ended",
                "columns": ["what", "median", "lowest to highest", "wanted"],
                "rows": rows,
            }
        )
    )


def _row(what: str, found: list[float], form: str, wanted: str) -> list[str]:
    spread = f"{form} to {form}".format(min(found), max(found))
    return [what, form.format(statistics.median(found)), spread, wanted]


if __name__ == "__main__":
    main()
