"""The count of the kill table is proved to bite: each loss and each repetition that it is to find, it finds."""

from __future__ import annotations

import os
import signal
from typing import Any, LiteralString

import psycopg
import pytest

from support.kill_host import KillHost, Watched
from support.step_bench import alive, wait_until
from tenuto.store.embedded.words import ADMIN
from tenuto.testing.crashes import Kill

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]

FORGOTTEN = """
    update run_task set state = '{"status": "waiting"}', status = 'waiting'
    where run_id = %(run)s::uuid and node = %(node)s and item = %(item)s
"""


def tamper(host: KillHost, statement: LiteralString, **values: Any) -> None:
    """Change the journal behind everybody's back, and require that something changed."""
    dsn = host.server.info.dsn(ADMIN, host.server.credentials.admin, "tenuto")
    with psycopg.connect(dsn) as admin:
        assert admin.execute(statement, values).rowcount == 1


def half_done(host: KillHost) -> Watched:
    """Return a run with items that have succeeded, and whose worker is dead."""
    watched = host.submit()
    worker = host.worker(Kill("settled", "worker", nth=4))
    wait_until(lambda: not alive(worker), "the worker dies")
    host.note([watched])
    return watched


def end(host: KillHost) -> None:
    worker = host.worker()
    wait_until(lambda: host.open_runs() == 0, "the run ends", timeout=60)
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: not alive(worker), "the worker ends")


def test_a_journal_that_forgets_an_end_is_found(host: KillHost, undisturbed: dict[str, Any]) -> None:
    watched = half_done(host)
    item = min(name for name in watched.succeeded if name.startswith("square/"))
    tamper(host, FORGOTTEN, run=watched.run, node="square", item=int(item.removeprefix("square/")))
    end(host)
    assert host.digest(watched.run) == undisturbed, "only the count can tell"
    with pytest.raises(AssertionError, match=f"{item} ran again after it had succeeded"):
        host.require_whole(watched, undisturbed)


def test_a_journal_that_forgets_an_execution_is_found(host: KillHost, undisturbed: dict[str, Any]) -> None:
    watched = half_done(host)
    end(host)
    host.require_whole(watched, undisturbed)
    statement = (
        "update run_task set executions = executions + 1 where run_id = %(run)s::uuid and node = 'numbers'"
    )
    tamper(host, statement, run=watched.run)
    with pytest.raises(AssertionError, match="numbers"):
        host.require_whole(watched, undisturbed)


LOST_TASK = "delete from run_task where run_id = %(run)s::uuid and node = 'total'"
LOST_EVENT = "delete from outbox_event where subject = %(run)s::text and type = 'run.finished'"
DOUBLED_EVENT = """
    insert into outbox_event (id, type, subject, version, data)
    select id, type, subject, version, data from outbox_event
    where subject = %(run)s::text and type = 'run.finished'
"""


@pytest.mark.parametrize("statement", [LOST_TASK, LOST_EVENT, DOUBLED_EVENT])
def test_rows_that_are_lost_or_doubled_are_found(
    host: KillHost, undisturbed: dict[str, Any], statement: LiteralString
) -> None:
    watched = host.submit()
    end(host)
    host.require_whole(watched, undisturbed)
    tamper(host, statement, run=watched.run)
    with pytest.raises(AssertionError):
        host.require_whole(watched, undisturbed)
