"""A database that goes away for a while: who waits long enough goes on, and nobody is told a lie."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.platform import ANN
from tenuto.app.schema import migrations
from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Event, Scope
from tenuto.store.bell import Bell
from tenuto.store.database import Database, Role
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.store.outbox import outbox_event, put

pytestmark = pytest.mark.system
SCOPE = Scope(ANN)
IDS = UuidSeven()


class Restartable:
    """A server of its own that a test can take away and bring back under the same address."""

    def __init__(self, home: Path) -> None:
        self._postgres = EmbeddedPostgres(home, clock=SystemClock())
        self.server: Server = self._postgres.start()
        migrations().upgrade(self.server.logins())

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = self._postgres.start()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Restartable]:
    made = Restartable(tmp_path / "home")
    yield made
    made.stop()


def emit(database: Database, subject: str) -> None:
    with database.begin(SCOPE) as tx:
        put(tx, IDS, [Event("thing.done", subject)])


def subjects(database: Database) -> list[str]:
    with database.begin(SCOPE) as tx:
        return [row.subject for row in tx.rows(sa.select(outbox_event).order_by(outbox_event.c.seq))]


def test_who_waits_goes_on_when_the_database_is_back(own: Restartable) -> None:
    database = Database(own.server.logins(), wait=60.0)
    hasty = Database(own.server.logins(), wait=0.1)
    bell = Bell(database.raw_url(Role.SYSTEM))
    emit(database, "before")
    assert subjects(hasty) == ["before"]
    bell.wait(0.01)

    def cut_off() -> None:
        with database.begin(SCOPE) as tx:
            put(tx, IDS, [Event("thing.done", "lost")])
            own.stop()
            tx.scalar(sa.text("select 1"))

    with pytest.raises(TenutoError) as caught:
        cut_off()
    assert (caught.value.fault.code, caught.value.fault.retryable) == ("store.database_unavailable", True)
    with pytest.raises(TenutoError) as caught:
        emit(hasty, "impatient")
    assert caught.value.fault.code == "store.database_unavailable"
    assert bell.wait(0.01) is False

    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(emit, database, f"patient {number}") for number in range(3)]
        assert not any(one.done() for one in waiting)
        own.start()
        for one in waiting:
            one.result(60)
    assert sorted(subjects(hasty)) == ["before", *(f"patient {number}" for number in range(3))]
    while bell.wait(0.01):
        pass
    emit(database, "after")
    assert bell.wait(30) is True
    for opened in (bell, database, hasty):
        opened.close()
