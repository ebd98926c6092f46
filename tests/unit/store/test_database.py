from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from support.platform import ANN, fresh_database, shared_url
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces.tables import workspace
from tenuto.pipelines.tables import run
from tenuto.store.database import Database, Login, Logins, Role
from tenuto.store.embedded.server import Server

HOME = Scope(ANN)
SETTINGS = sa.text(
    "select current_setting('app.scope', true) as scope, current_setting('app.workspace', true) as workspace,"
    " current_setting('app.actor', true) as actor, current_user as role"
)


def test_a_scope_does_not_outlive_its_transaction(logins: Logins, desk: Desk) -> None:
    database = Database(logins, pool_size=1)
    place = desk.ids.new()
    with database.begin(Scope(ANN, place)) as tx:
        inside = tx.first(SETTINGS)
        pid = tx.scalar(sa.text("select pg_backend_pid()"))
    assert inside is not None
    assert (inside.scope, inside.workspace, inside.actor) == ("workspace", place, ANN.id)
    with database._engine(Role.APP).connect() as bare:
        found = bare.execute(SETTINGS).one()
        assert bare.execute(sa.text("select pg_backend_pid()")).scalar() == pid
    assert (found.scope, found.workspace, found.actor) == ("", "", "")
    database.close()


def test_neither_does_one_that_was_entered_in_a_transaction_that_failed(
    logins: Logins, make_workspace: Callable[..., Scope]
) -> None:
    place = make_workspace()
    database = Database(logins, pool_size=1)

    def fail() -> None:
        with database.begin(HOME) as tx:
            tx.enter(place.workspace)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.begin(HOME) as tx:
        found = tx.first(SETTINGS)
    assert found is not None
    assert (found.scope, found.workspace) == ("organisation", "")
    database.close()


def test_one_login_may_act_in_every_role(postgres: Server) -> None:
    with fresh_database(postgres) as name:
        shared = Login(shared_url(postgres, name), set_role=True)
        database = Database(Logins(app=shared, system=shared, owner=shared))
        for role in Role:
            with database.begin(HOME, role) as tx:
                found = tx.first(SETTINGS)
            assert found is not None
            assert found.role == role.value
        database.close()


def test_an_error_takes_everything_back(database: Database, desk: Desk) -> None:
    row = {"id": desk.ids.new(), "name": "lab", "project": "p", "environment": "test"}

    def fail() -> None:
        with database.begin(HOME) as tx:
            tx.execute(sa.insert(workspace), row)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.begin(HOME) as tx:
        assert tx.rows(sa.select(workspace)) == []


def test_callbacks_come_after_a_commit_and_never_without_one(database: Database) -> None:
    told: list[str] = []
    with database.begin(HOME) as tx:
        tx.after_commit(lambda: told.append("yes"))
        assert told == []
    assert told == ["yes"]

    def fail() -> None:
        with database.begin(HOME) as tx:
            tx.after_commit(lambda: told.append("no"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert told == ["yes"]


def test_reads_of_one_moment_do_not_see_what_is_committed_meanwhile(
    database: Database, make_workspace: Callable[..., Scope]
) -> None:
    with database.begin(HOME, one_moment=True) as moment, database.begin(HOME) as now:
        assert moment.rows(sa.select(workspace)) == []
        make_workspace()
        assert moment.rows(sa.select(workspace)) == []
        assert len(now.rows(sa.select(workspace))) == 1


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select 1/0", "store.refused_by_database"),
        ("select * from no_such_table", "store.refused_by_database"),
        ("select cast('x' as uuid)", "store.value_refused"),
        ("select cast('99999999999' as int)", "store.value_refused"),
    ],
)
def test_what_the_database_says_becomes_a_fault(database: Database, statement: str, code: str) -> None:
    with pytest.raises(TenutoError) as caught, database.begin(HOME) as tx:
        tx.execute(sa.text(statement))
    assert caught.value.fault.code == code


def test_an_identifier_that_is_none_and_text_with_nul_are_wrong_input(database: Database) -> None:
    for query in (
        sa.select(run).where(run.c.id == "not-an-id"),
        sa.select(workspace).where(workspace.c.name == "a\0b"),
    ):
        with pytest.raises(TenutoError) as caught, database.begin(HOME) as tx:
            tx.rows(query)
        assert caught.value.fault.code == "store.value_refused"
        assert not caught.value.fault.retryable


def test_two_of_one_name_are_a_conflict_that_names_the_rule(
    database: Database, make_workspace: Callable[..., Scope]
) -> None:
    make_workspace("lab")
    with pytest.raises(TenutoError) as caught:
        make_workspace("lab")
    assert (caught.value.fault.code, caught.value.detail) == (
        "store.conflicting_change",
        "workspace_name_key",
    )
    assert caught.value.fault.retryable


def test_two_that_wait_for_each_other_are_a_conflict(
    database: Database, make_workspace: Callable[..., Scope]
) -> None:
    names = ["one", "two"]
    for name in names:
        make_workspace(name)
    both_hold = threading.Barrier(2)

    def cross(order: list[str]) -> str:
        try:
            with database.begin(HOME) as tx:
                for name in order:
                    lock = sa.select(workspace).where(workspace.c.name == name)
                    tx.rows(lock.with_for_update())
                    if name == order[0]:
                        both_hold.wait(10)
        except TenutoError as error:
            return error.fault.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ended = sorted(pool.map(cross, [names, names[::-1]]))
    assert ended == ["done", "store.conflicting_change"]


def test_a_pool_that_is_used_up_is_told_as_busy(logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(logins, pool_size=1)
    engine = database._engine(Role.APP)
    monkeypatch.setattr(engine.pool, "_timeout", 0.05)
    with database.begin(HOME), database.begin(HOME):
        with pytest.raises(TenutoError) as caught, database.begin(HOME):
            pass
        assert caught.value.fault.code == "store.database_busy"
    database.close()


def test_threads_that_begin_at_once_share_one_pool(logins: Logins) -> None:
    database = Database(logins)
    together = threading.Barrier(4)

    def ask(_number: int) -> int:
        together.wait(10)
        return id(database._engine(Role.APP))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    database.close()


def test_logins_never_show_their_password() -> None:
    assert "secret" not in repr(
        Logins(Login("postgresql://a:secret@b/c"), Login("postgresql://a:secret@b/c"))
    )
    with pytest.raises(TenutoError):
        Logins(Login("postgresql://b/c"), Login("postgresql://b/c")).of(Role.OWNER)
