"""A PostgreSQL of one's own: what is made in it, and what somebody reads who gave a wrong address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.outside_postgresql import OutsideServer, outside_server, server_of_version
from support.running import CommandLine, free_port, set_up, start_platform
from tenuto.app.database import CONNECTIONS_EACH, NEEDED_CONNECTIONS, logins_of, prepare_outside
from tenuto.app.settings import Settings
from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.provision import provision_sql

pytestmark = pytest.mark.system

_CLOCK = SystemClock()
_ROLES = {"tenuto_owner", "tenuto_app", "tenuto_system"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutsideServer]:
    with outside_server(tmp_path_factory.mktemp("outside")) as server:
        server.run("create role guest login password 'guest'")
        yield server


@pytest.fixture
def server(whole: OutsideServer) -> Iterator[OutsideServer]:
    """A server without anything of Tenuto, and with an empty database ``mine`` of a role that may make roles."""
    whole.run("create role boss login createrole password 'boss'", "create database mine owner boss")
    yield whole
    whole.run("drop database if exists mine with (force)", "drop database if exists tenuto with (force)")
    for role in sorted(_ROLES & _roles(whole)):
        whole.run(f"drop owned by {role} cascade", f"drop role {role}")
    whole.run("drop owned by boss", "drop role boss")


def _roles(server: OutsideServer) -> set[str]:
    with psycopg.connect(server.url()) as connection:
        return {name for (name,) in connection.execute("select rolname::text from pg_roles")}


def _settings(url: str, **more: str) -> Settings:
    return Settings(home=Path("/nowhere"), database_url=url, database_wait=0.0, **more)


def _refused(url: str, **more: str) -> TenutoError:
    with pytest.raises(TenutoError) as raised:
        prepare_outside(_settings(url, **more), _CLOCK, lambda _: None)
    error = raised.value
    assert error.fault.fix
    for secret in ("an-administrator's-password", "boss:boss", "wrong-password"):
        assert secret not in str(error)
    return error


def _acts_as(settings: Settings) -> set[str]:
    """Return the roles that the logins of these settings may take."""
    logins = logins_of(settings, _CLOCK)
    taken = set()
    for login, role in (
        (logins.app, "tenuto_app"),
        (logins.system, "tenuto_system"),
        (logins.owner, "tenuto_owner"),
    ):
        assert login is not None
        with psycopg.connect(login.url.replace("postgresql+psycopg", "postgresql")) as connection:
            connection.execute(f"set role {role}".encode())
            row = connection.execute("select current_user::text").fetchone()
            assert row
            taken.add(row[0])
    return taken


@pytest.mark.parametrize("who", ["the administrator", "one who may make roles"])
def test_the_roles_that_are_missing_are_made(server: OutsideServer, who: str) -> None:
    url = server.url(database="mine") if who == "the administrator" else server.url("boss", "boss", "mine")
    settings = _settings(url)
    for _ in range(2):  # what is there already is left as it is
        prepare_outside(settings, _CLOCK, lambda _: None)
    assert _roles(server) >= _ROLES
    assert _acts_as(settings) == _ROLES


def test_what_the_printed_script_made_is_enough(server: OutsideServer, tmp_path: Path) -> None:
    """The administrator ran it, and nobody else has a password of theirs."""
    script = provision_sql()
    for role in _ROLES:
        assert f"create role {role} " in script
        server.run(f"create role {role} login nosuperuser password 'own'")
    server.run("create database tenuto owner tenuto_owner")
    settings = _settings(
        server.url("tenuto_app", "own", "tenuto"),
        database_system_url=server.url("tenuto_system", "own", "tenuto"),
        database_owner_url=server.url("tenuto_owner", "own", "tenuto"),
    )
    prepare_outside(settings, _CLOCK, lambda _: None)
    assert _acts_as(settings) == _ROLES
    assert _refused(settings.database_url).fault.code == "store.database_roles", "one login for one role only"


def test_a_server_with_few_connections_is_told(server: OutsideServer) -> None:
    told: list[str] = []
    prepare_outside(_settings(server.url(database="mine")), _CLOCK, told.append)
    assert told == [], "a hundred, less three, are enough for 63"
    assert NEEDED_CONNECTIONS == 3 * CONNECTIONS_EACH == 63


def test_a_wrong_password_is_told(server: OutsideServer) -> None:
    assert _refused(server.url(password="wrong-password")).fault.code == "store.database_login"
    assert _refused(server.url(user="nobody-here")).fault.code == "store.database_login"


def test_a_database_that_is_not_there_is_told(server: OutsideServer) -> None:
    error = _refused(server.url(database="yours"))
    assert error.fault.code == "store.database_name"
    assert "yours" in error.detail


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    error = _refused(OutsideServer(free_port()).url())
    assert error.fault.code == "store.database_unreachable"
    assert error.fault.retryable


def test_a_login_without_rights_is_told(server: OutsideServer) -> None:
    error = _refused(server.url("guest", "guest", "mine"))
    assert error.fault.code == "store.database_roles"
    assert "print-sql" in error.fault.fix


def test_a_database_of_somebody_else_is_told(server: OutsideServer) -> None:
    server.run(
        "create role tenuto_owner login nosuperuser password 'own'",
        "create role tenuto_app login nosuperuser",
        "create role tenuto_system login nosuperuser",
        "grant tenuto_owner, tenuto_app, tenuto_system to guest",
    )
    error = _refused(server.url("guest", "guest", "mine"))
    assert error.fault.code == "store.database_closed"


def test_a_role_that_steps_around_the_policies_is_told(server: OutsideServer) -> None:
    server.run("create role tenuto_app login bypassrls")
    assert _refused(server.url(database="mine")).fault.code == "store.role_too_powerful"


def test_an_old_version_is_told() -> None:
    with server_of_version("14.11") as old:
        error = _refused(f"{old.url()}?sslmode=disable&gssencmode=disable")
    assert error.fault.code == "store.database_version"
    assert "14" in error.detail


@pytest.mark.parametrize(
    "url",
    [
        "mine",
        "mysql://root@localhost/mine",
        "postgresql://boss@localhost",
        "postgresql://boss:boss@host:port/mine",
    ],
)
def test_what_is_no_address_is_told(url: str) -> None:
    assert _refused(url).fault.code == "store.database_address"


def test_a_platform_on_a_postgresql_of_ones_own(server: OutsideServer, tmp_path: Path) -> None:
    platform = start_platform(tmp_path / "home", TENUTO_DATABASE_URL=server.url("boss", "boss", "mine"))
    try:
        assert not (platform.home / "postgres").exists(), "no database of our own is made beside"
        tenuto = CommandLine(tmp_path)
        set_up(platform, tenuto)
        owner = tenuto.with_environment(TENUTO_URL=platform.address, TENUTO_TOKEN=platform.key)
        assert "Ann" in owner("whoami").stdout
        owner("audit", "verify")
    finally:
        assert platform.stop() == 0


def test_up_says_what_to_mend_and_starts_nothing(server: OutsideServer, tmp_path: Path) -> None:
    url = server.url("boss", "wrong-password", "mine")
    tenuto = CommandLine(tmp_path, {"TENUTO_DATABASE_URL": url})
    error = tenuto.json("up", f"--home={tmp_path / 'home'}", f"--port={free_port()}", expect=1)
    assert error["code"] == "store.database_login"
    assert "TENUTO_DATABASE_URL" in error["fix"]
    assert not (tmp_path / "home" / "logs").exists()
