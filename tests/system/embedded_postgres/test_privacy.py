"""Who may reach the database: the owner of the home with the password, through one private socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from system.embedded_postgres.recipes import (
    ask,
    ask_all,
    connect,
    data_of,
    embedded,
    fast_folder,
    open_to_others,
    parents_as_they_are,
)
from tenuto.store.database import Role
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.words import ADMIN, DATABASE

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def shared_home(made_home: Path) -> Iterator[Path]:
    folder = fast_folder()
    try:
        shutil.copytree(made_home, folder / "home")
        yield folder / "home"
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(shared_home: Path) -> Iterator[Server]:
    """One server for all that only look."""
    with embedded(shared_home).start() as server:
        yield server


def test_private_parents_stay_as_they_are(short: Path) -> None:
    deep = short / "private" / "deeper"
    deep.mkdir(parents=True, mode=0o700)
    (short / "private").chmod(0o700)
    before = parents_as_they_are(deep)
    with embedded(deep / "home").start():
        assert parents_as_they_are(deep) == before
    assert parents_as_they_are(deep) == before
    assert before[str(deep)][0] == "drwx------"
    assert oct((deep / "home").stat().st_mode & 0o777) == "0o700"
    assert open_to_others(deep) == []


def test_a_home_that_exists_keeps_its_mode(short: Path) -> None:
    (short / "home").mkdir()
    (short / "home").chmod(0o755)
    with embedded(short / "home").start():
        assert oct((short / "home").stat().st_mode & 0o777) == "0o755"
        assert oct((short / "home" / "postgres").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("user", [ADMIN, *(role.value for role in Role)])
def test_no_password_no_entry(server: Server, user: str) -> None:
    for password in ("", "wrong"):
        for database in (DATABASE, "postgres"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(
                    host=server.info.folder,
                    port=5432,
                    user=user,
                    password=password,
                    dbname=database,
                    passfile=os.devnull,
                )


def test_no_rule_trusts_anybody(shared_home: Path) -> None:
    lines = (data_of(shared_home) / "pg_hba.conf").read_text().splitlines()
    rules = [line.split() for line in lines if line and line[0] != "#"]
    assert {(rule[0], rule[-1]) for rule in rules} == {("local", "scram-sha-256"), ("host", "reject")}


def test_no_tcp(server: Server) -> None:
    assert ask(server, "show listen_addresses") == ""
    targets = [link.readlink().name for link in Path(f"/proc/{server.pid}/fd").iterdir()]
    inodes = {found[1] for target in targets if (found := re.match(r"socket:\[(\d+)\]", target))}
    assert inodes
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        assert not inodes & {row.split()[9] for row in rows}


def test_passwords_are_in_two_private_files_and_nowhere_else(server: Server, shared_home: Path) -> None:
    private = shared_home / "postgres"
    secrets = [server.credentials.admin, *server.credentials.roles.values()]
    assert len(set(secrets)) == 4
    assert all(len(secret) >= 40 for secret in secrets)
    process = Path(f"/proc/{server.pid}")
    shown = [(process / name).read_text(errors="replace") for name in ("cmdline", "environ")]
    shown += [repr(server.credentials)]
    assert not [secret for secret in secrets for text in shown if secret in text]
    for secret, holder in zip(secrets, ["admin-password", *["role-passwords.json"] * 3], strict=True):
        found = subprocess.run(
            ["grep", "-rlF", "-e", secret, private], capture_output=True, text=True, check=True
        )
        assert found.stdout.splitlines() == [str(private / holder)]


def test_neither_statements_nor_row_contents_reach_the_log(server: Server, shared_home: Path) -> None:
    with connect(server) as connection:
        connection.execute("create table p (mail text primary key)")
        connection.execute("insert into p values ('ada@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into p values ('ada@example.org')")
    log = (shared_home / "postgres" / "postgres.log").read_text()
    assert "duplicate key value" in log
    assert "ada@example.org" not in log


def test_the_callers_environment_does_not_reach_the_server_or_bend_a_connection(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = {
        "PGHOST": "203.0.113.1",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGDATABASE": "nowhere",
        "PGDATA": "/nowhere",
        "PGPASSWORD": "wrong",
        "PGSSLMODE": "verify-full",
        "PGREQUIREAUTH": "none",
        "PGCHANNELBINDING": "require",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "latin1",
        "LANG": "fr_FR.UTF-8",
        "OPENAI_API_KEY": "canary-of-the-environment",
    }
    for name, value in strange.items():
        monkeypatch.setenv(name, value)
    with embedded(home).start() as server:
        assert ask(server, "show server_encoding") == "UTF8"
        assert b"canary" not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_the_database_is_made_as_designed(server: Server) -> None:
    (made,) = ask_all(
        server,
        "select pg_encoding_to_char(encoding), datlocprovider::text, datlocale, pg_get_userbyid(datdba)"
        " from pg_database where datname = 'tenuto'",
    )
    assert made == ("UTF8", "b", "C.UTF-8", "tenuto_owner")
    for setting in ("data_checksums", "fsync", "synchronous_commit", "full_page_writes"):
        assert ask(server, f"show {setting}") == "on"
    assert ask(server, "select count(*) from pg_available_extensions where name = 'vector'") == 1


def test_settings_may_be_chosen(home: Path) -> None:
    with embedded(home, settings={"shared_buffers": "16MB"}).start() as server:
        assert ask(server, "show shared_buffers") == "16MB"


def test_the_log_is_kept_within_its_limit(home: Path) -> None:
    log = home / "postgres" / "postgres.log"
    with embedded(home, log_limit=20_000).start() as server, connect(server) as connection:
        for _ in range(2):
            while log.stat().st_size <= 20_000:
                with pytest.raises(psycopg.errors.RaiseException):
                    connection.execute("do $$ begin raise 'x%', repeat('x', 5000); end $$")
            server.rotate_log()
            assert log.stat().st_size == 0
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("do $$ begin raise 'the server goes on writing'; end $$")
        assert "goes on writing" in log.read_text()
    assert {path.name for path in log.parent.glob("postgres.log*")} == {
        "postgres.log",
        "postgres.log.1",
        "postgres.log.2",
    }
    assert open_to_others(log.parent) == []
