"""What audit and events cost: eight processes call one use case, against the same effect without them.

A use case as the product has them: it asks the policies in force, writes one row of a table with row-level
security, and commits. One variant writes its audit record and its event with the row, the other does not. The
same two stand there once more with a permission that costs nothing, which leaves the least to compare audit with,
and beside them the effect with nothing around it: the driver, one statement, one commit. Rounds are interleaved,
so a noisy neighbour meets all of them.
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
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.policy import PolicyLibrary
from tenuto.govern.use_case import Case, Desk, use_case
from tenuto.store.database import Database, Logins, Role, Transaction
from tenuto.store.embedded.supervisor import EmbeddedPostgres

PROCESSES, ROUNDS, SECONDS, WARM_CALLS = 8, 9, 1.0, 20
NAMES = ("driver", "bare", "audited", "bare, permission at once", "audited, permission at once")
ANN = Actor(ActorKind.PERSON, "0193a000-0000-7000-8000-000000000001", "Ann")
PLACE = "0193a000-0000-7000-8000-0000000000aa"
SCOPE = Scope(ANN, PLACE, "bench", "127.0.0.1")
_MARK = sa.text("insert into bench_mark (id, workspace_id) values (:id, :workspace)")
_OWN = "workspace_id = nullif(current_setting('app.workspace', true), '')::uuid"
_TABLE = (
    "create table bench_mark (id uuid primary key, workspace_id uuid not null references workspace)",
    "alter table bench_mark add at timestamptz not null default tenuto_now()",
    "alter table bench_mark enable row level security",
    f"create policy workspace on bench_mark to tenuto_app using ({_OWN}) with check ({_OWN})",
    "grant select, insert on bench_mark to tenuto_app",
)
_WORKSPACE = (
    "insert into workspace (id, project, name, environment) values (:place, 'bench', 'bench', 'test')"
)
_ROLE = """
    insert into role_binding (id, subject_kind, subject_id, role, workspace_id, created_by)
    values (:place, 'person', :person, 'owner', :place, 'bench')
"""


class Allowing:
    """Answers at once."""

    def decide(self, _tx: Transaction, _action: str, _resource: Ref) -> Verdict:
        return Verdict(Effect.ALLOW, "bench", "bench", "bench")

    def allows(self, _tx: Transaction, _action: str, _resource: Ref) -> bool:
        return True


@use_case("govern:resource:apply")
def audited(case: Case) -> None:
    mark = _effect(case)
    case.record(mark, {"bench": True}, [Event("mark.made", mark.id)])


@use_case("govern:resource:apply", mutating=False)
def bare(case: Case) -> None:
    _effect(case)


def _effect(case: Case) -> Ref:
    mark = Ref("Budget", case.ids.new(), "mark", PLACE)
    case.permit(mark)
    case.tx.execute(_MARK, {"id": mark.id, "workspace": PLACE})
    return mark


def caller(logins: Logins, together: Barrier, told: Queue[dict[str, list[float]]]) -> None:
    """Call each variant round by round, all processes at once. Tells how many calls a second were made here."""
    database = Database(logins, pool_size=1)
    ids = UuidSeven()
    real = Desk(database, CedarDecider(PolicyLibrary.built_in()), SystemClock(), ids)
    stub = Desk(database, Allowing(), SystemClock(), ids)
    with psycopg.connect(database.raw_url(Role.APP)) as connection:
        connection.execute("select set_config('app.workspace', %s, false)", (PLACE,))
        calls: dict[str, Callable[[], None]] = {
            "driver": lambda: by_driver(connection, ids.new()),
            "bare": lambda: bare(real, SCOPE),
            "audited": lambda: audited(real, SCOPE),
            "bare, permission at once": lambda: bare(stub, SCOPE),
            "audited, permission at once": lambda: audited(stub, SCOPE),
        }
        for name in NAMES:
            for _ in range(WARM_CALLS):
                calls[name]()
        found: dict[str, list[float]] = {name: [] for name in NAMES}
        for _ in range(ROUNDS):
            for name in NAMES:
                together.wait(120)
                found[name].append(_rate(calls[name]))
    database.close()
    told.put(found)


def by_driver(connection: psycopg.Connection[Any], mark: str) -> None:
    connection.execute("insert into bench_mark (id, workspace_id) values (%s, %s)", (mark, PLACE))
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
            _prepare(Database(logins))
            found = measure(logins)
        finally:
            server.stop()
    real, stub = _ratios(found, "audited", "bare"), _ratios(found, *reversed(NAMES[3:]))
    rows = [
        _row("the driver alone: one statement and commit, calls/s", found["driver"], "{:,.0f}", ""),
        _row("use case: permission and effect, calls/s", found["bare"], "{:,.0f}", ""),
        _row("the same with audit record and event, calls/s", found["audited"], "{:,.0f}", "about 2,000"),
        _row("ratio of the last two, round by round", real, "{:.2f}", "0.70"),
        _row("permission that costs nothing, and effect, calls/s", found[NAMES[3]], "{:,.0f}", ""),
        _row("the same with audit record and event, calls/s", found[NAMES[4]], "{:,.0f}", ""),
        _row("ratio of the last two, round by round", stub, "{:.2f}", ""),
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


def _prepare(database: Database) -> None:
    with database.begin(Scope(ANN), Role.OWNER) as tx:
        for statement in _TABLE:
            tx.execute(sa.text(statement))
    with database.begin(Scope(ANN), Role.SYSTEM) as tx:
        for statement in (_WORKSPACE, _ROLE):
            tx.execute(sa.text(statement), {"place": PLACE, "person": ANN.id})
    database.close()


def _ratios(found: dict[str, list[float]], one: str, other: str) -> list[float]:
    return [over / under for over, under in zip(found[one], found[other], strict=True)]


def _row(what: str, found: list[float], form: str, wanted: str) -> list[str]:
    spread = f"{form} to {form}".format(min(found), max(found))
    return [what, form.format(statistics.median(found)), spread, wanted]


if __name__ == "__main__":
    main()
