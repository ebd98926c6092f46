from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from support.platform import ANN
from tenuto.core.words import Scope
from tenuto.store.database import Database, Role, Transaction
from tenuto.store.leases import Held, release, take

SCOPE = Scope(ANN)


def shift(tx: Transaction, by: str) -> None:
    """Move the database's clock for this transaction, as nothing but a test does."""
    tx.execute(sa.text("select set_config('tenuto.clock_shift', :by, true)"), {"by": by})


def ask(database: Database, holder: str, later: str = "0", seconds: float = 10) -> Held | None:
    with database.begin(SCOPE, Role.SYSTEM) as tx:
        shift(tx, later)
        return take(tx, "task", holder, seconds)


def test_one_holds_it_until_it_expires_by_the_database_clock(database: Database) -> None:
    assert ask(database, "a") == Held("task", 1)
    assert ask(database, "b") is None
    assert ask(database, "b", "9 seconds") is None
    assert ask(database, "b", "11 seconds") == Held("task", 2)
    assert ask(database, "a", "11 seconds") is None
    assert ask(database, "a", "1 minute") == Held("task", 3)


def test_the_holder_renews_it_under_the_same_fence(database: Database) -> None:
    assert ask(database, "a") == Held("task", 1)
    assert ask(database, "a", "9 seconds") == Held("task", 1)
    assert ask(database, "b", "11 seconds") is None
    assert ask(database, "b", "20 seconds") == Held("task", 2)


def test_what_is_given_back_is_free_at_once_and_the_fence_still_grows(database: Database) -> None:
    assert ask(database, "a") == Held("task", 1)
    with database.begin(SCOPE, Role.SYSTEM) as tx:
        release(tx, "task", "b")
    assert ask(database, "b") is None, "only the holder can give it back"
    with database.begin(SCOPE, Role.SYSTEM) as tx:
        release(tx, "task", "a")
    assert ask(database, "b") == Held("task", 2)


def test_of_many_at_once_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        held = [found for found in pool.map(lambda name: ask(database, name), "abcdefgh") if found]
    assert held == [Held("task", 1)]


@pytest.mark.parametrize("name", ["other", "task:audit"])
def test_names_do_not_get_in_each_others_way(database: Database, name: str) -> None:
    assert ask(database, "a") == Held("task", 1)
    with database.begin(SCOPE, Role.SYSTEM) as tx:
        assert take(tx, name, "b", 1) == Held(name, 1)
