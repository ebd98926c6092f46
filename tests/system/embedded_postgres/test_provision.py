"""Roles and database: made once, put right at every start; the same by hand on a PostgreSQL of one's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from system.embedded_postgres.recipes import ask_all, connect, embedded
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.store.database import Database, Role
from tenuto.store.embedded.binaries import find_binaries
from tenuto.store.embedded.provision import provision, provision_sql
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.words import ADMIN, DATABASE

pytestmark = pytest.mark.system

ATTRIBUTES = (
    "select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
    " from pg_roles where rolname in ('tenuto_owner', 'tenuto_app', 'tenuto_system') order by 1"
)
EXPECTED = [
    (role, True, False, False, False, False, False)
    for role in ("tenuto_app", "tenuto_owner", "tenuto_system")
]


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with embedded(home).start() as server:
        yield server


def as_role(server: Server, role: Role, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
    password = server.credentials.roles[role.value]
    return psycopg.connect(server.info.dsn(role.value, password, database), autocommit=True)


def may_do_what_it_should(server: Server) -> None:
    assert ask_all(server, ATTRIBUTES) == EXPECTED
    with as_role(server, Role.OWNER) as owner:
        owner.execute("create table mine (n int)")
        owner.execute("grant select on mine to tenuto_app")
    for role in (Role.APP, Role.SYSTEM):
        with as_role(server, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table theirs (n int)")
    with as_role(server, Role.APP) as app:
        assert app.execute("select count(*) from mine").fetchone() == (0,)
    with as_role(server, Role.OWNER) as owner:
        owner.execute("drop table mine")


def test_the_roles_may_do_what_they_should_and_no_more(server: Server) -> None:
    may_do_what_it_should(server)


def test_the_logins_fit_the_pools_and_the_raw_connections(server: Server) -> None:
    database = Database(server.logins())
    scope = Scope(system_actor("test"))
    for role in Role:
        with database.begin(scope, role) as tx:
            assert tx.scalar(sa.text("select current_user")) == role.value
        with psycopg.connect(database.raw_url(role)) as connection:
            assert connection.execute("select current_user").fetchone() == (role.value,)
    database.close()


def test_a_stranger_among_the_roles_does_not_get_in(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("create role stranger login password 'known'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(server.info.dsn("stranger", "known", DATABASE))


def test_provisioning_again_changes_nothing_and_repairs_what_is_missing(server: Server) -> None:
    provision(server.info, server.credentials)
    with connect(server) as connection:
        connection.execute("alter role tenuto_app password 'forgotten'")
    provision(server.info, server.credentials)
    may_do_what_it_should(server)


@pytest.mark.parametrize("power", ["superuser", "bypassrls", "createrole", "replication"])
def test_a_role_with_too_much_power_is_refused(server: Server, power: str) -> None:
    with connect(server) as connection:
        connection.execute(f"alter role tenuto_app {power}".encode())
    with pytest.raises(TenutoError) as raised:
        provision(server.info, server.credentials)
    assert raised.value.fault.code == "store.role_too_powerful"
    assert raised.value.detail == "tenuto_app"


def run_script(server: Server, user: str, password: str) -> str:
    passwords = {f"{role.value.upper()}_PASSWORD": server.credentials.roles[role.value] for role in Role}
    command = [str(find_binaries().program("psql")), "-X", server.info.dsn(user, password, "postgres")]
    done = subprocess.run(
        command,
        input=provision_sql(),
        env=os.environ | passwords,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def forget(server: Server) -> None:
    with psycopg.connect(
        server.info.dsn(ADMIN, server.credentials.admin, "postgres"), autocommit=True
    ) as connection:
        connection.execute("drop database tenuto")
        connection.execute("drop role tenuto_owner, tenuto_app, tenuto_system")


def test_the_printed_script_does_the_same(server: Server) -> None:
    forget(server)
    run_script(server, ADMIN, server.credentials.admin)
    may_do_what_it_should(server)
    assert run_script(server, ADMIN, server.credentials.admin).endswith("(0 rows)\n\n")
    may_do_what_it_should(server)


def test_the_printed_script_needs_no_superuser(server: Server) -> None:
    forget(server)
    with psycopg.connect(
        server.info.dsn(ADMIN, server.credentials.admin, "postgres"), autocommit=True
    ) as connection:
        connection.execute("create role dba login createrole createdb password 'dba'")
    run_script(server, "dba", "dba")
    run_script(server, "dba", "dba")
    may_do_what_it_should(server)


def test_the_printed_script_names_no_password_and_stops_at_the_first_error(server: Server) -> None:
    text = provision_sql()
    assert not [secret for secret in server.credentials.roles.values() if secret in text]
    assert text.index("\\set ON_ERROR_STOP on") < text.index("create role")
