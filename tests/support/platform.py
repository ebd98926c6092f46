"""A real PostgreSQL for the whole run, and a database of its own for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from tenuto.app.schema import migrations
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Actor, ActorKind, Effect, Ref, Scope, Verdict
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.words import Environment, Workspace
from tenuto.store.database import Database, Login, Logins, Role, Transaction
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.store.embedded.words import ADMIN

_NUMBERS = count(1)
ANN = Actor(ActorKind.PERSON, "0193a000-0000-7000-8000-000000000001", "Ann")
BEN = Actor(ActorKind.PERSON, "0193a000-0000-7000-8000-000000000002", "Ben")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One embedded server for the run; its database `tenuto` is migrated and serves as the template."""
    home: Path = tmp_path_factory.mktemp("postgres") / "home"
    server = EmbeddedPostgres(home, clock=SystemClock()).start()
    try:
        _make_hasty(server)
        migrations().upgrade(server.logins())
        yield server
    finally:
        server.stop()


@contextmanager
def fresh_database(server: Server) -> Iterator[str]:
    """Make a database with the newest schema for as long as the block lasts, and yield its name."""
    name = f"test_{next(_NUMBERS)}"
    with _admin(server) as admin:
        admin.execute(f"create database {name} template tenuto owner tenuto_owner")
    yield name
    with _admin(server) as admin:
        admin.execute(f"drop database {name} with (force)")


def shared_url(server: Server, name: str) -> str:
    """Return the address of a database for one login that may act in all three roles."""
    return server.info.url(ADMIN, server.credentials.admin, name).render_as_string(hide_password=False)


@pytest.fixture
def logins(postgres: Server) -> Iterator[Logins]:
    """Logins of a fresh database with the newest schema."""
    with fresh_database(postgres) as name:
        yield Logins(
            **{
                key: Login(
                    postgres.info.url(role.value, _password(postgres, role), name).render_as_string(
                        hide_password=False
                    )
                )
                for key, role in (("app", Role.APP), ("system", Role.SYSTEM), ("owner", Role.OWNER))
            }
        )


@pytest.fixture
def database(logins: Logins) -> Iterator[Database]:
    opened = Database(logins)
    yield opened
    opened.close()


@pytest.fixture
def shift_clock(postgres: Server, database: Database) -> Callable[[timedelta], None]:
    """Return a function that puts the database's clock so far ahead, for every transaction that begins then."""

    def shift(by: timedelta) -> None:
        with database.begin(Scope(ANN)) as tx:
            name = tx.scalar(sa.text("select current_database()"))
        with _admin(postgres) as admin:
            admin.execute(
                sql.SQL("alter database {} set tenuto.clock_shift = {}").format(
                    sql.Identifier(name), f"{by.total_seconds()} seconds"
                )
            )
        database.close()

    return shift


class Allowing:
    """Allows all but the actions it is told to refuse. For tests whose subject is not the policies."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.asked: list[tuple[str, Ref]] = []

    def decide(self, _tx: Transaction, action: str, resource: Ref) -> Verdict:
        self.asked.append((action, resource))
        if action in self.refused:
            return Verdict(Effect.DENY, f"the test refuses {action}", "test.refuse", "test")
        return Verdict(Effect.ALLOW, "the test allows it", "test.allow", "test")

    def allows(self, tx: Transaction, action: str, resource: Ref) -> bool:
        return self.decide(tx, action, resource).allowed


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, Allowing(), SystemClock(), UuidSeven())


@pytest.fixture
def make_workspace(desk: Desk) -> Callable[..., Scope]:
    """Return a function that makes a workspace and gives back Ann's scope in it."""

    def make(name: str = "lab", environment: Environment = Environment.DEVELOPMENT) -> Scope:
        place = Workspace(desk.ids.new(), name, "default", environment, separation_of_duties=True)
        with desk.database.begin(Scope(ANN)) as tx:
            places.insert(tx, place)
        return Scope(ANN, place.id, "test-request", "127.0.0.1")

    return make


def _make_hasty(server: Server) -> None:
    """Give up durability: no test of this server cuts the power, and syncing costs most of their time."""
    with _admin(server) as admin:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"alter system set {setting} = off")
        admin.execute("select pg_reload_conf()")


def _admin(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    dsn = server.info.dsn(ADMIN, server.credentials.admin, "postgres")
    return psycopg.connect(dsn, autocommit=True)


def _password(server: Server, role: Role) -> str:
    return server.credentials.roles[role.value]
