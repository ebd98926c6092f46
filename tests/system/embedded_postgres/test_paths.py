"""Homes with unusual paths: long, with spaces and foreign letters, moved, copied."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from system.embedded_postgres.recipes import (
    ask,
    connect,
    data_of,
    embedded,
    nothing_left,
    parents_as_they_are,
)
from tenuto.core.errors import TenutoError
from tenuto.store.database import Role
from tenuto.store.embedded.words import DATABASE

pytestmark = pytest.mark.system

UNUSUAL = {
    "long": "a" * 100 + "/" + "b" * 120,
    "spaces": "my own home",
    "unicode": "été 東京 🏠",
    "comma, quotes": "a,b'c\"d",
    "percent, colon": "50%:x=y&z",
}


@pytest.fixture
def runtime(short: Path) -> Path:
    (short / "runtime").mkdir(mode=0o700)
    return short / "runtime"


@pytest.mark.parametrize("name", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_unusual_path(short: Path, made_home: Path, runtime: Path, name: str) -> None:
    home = short / name
    shutil.copytree(made_home, home)
    before = parents_as_they_are(home)
    with nothing_left(lambda: data_of(home)):
        with embedded(home, runtime_folder=runtime).start() as server:
            socket_folder = Path(server.info.folder)
            assert socket_folder.parent == runtime
            assert socket_folder.stat().st_mode & 0o777 == 0o700
            assert list(runtime.iterdir()) == [socket_folder]
            attached = embedded(home, runtime_folder=runtime).attach()
            assert attached.info == server.info
            assert ask(attached, "select 1") == 1
            engine = sa.create_engine(server.url(Role.APP))
            with engine.connect() as connection:
                assert connection.scalar(sa.text("select current_user")) == "tenuto_app"
            engine.dispose()
        assert list(runtime.iterdir()) == []
    assert parents_as_they_are(home) == before


def test_the_socket_lies_in_the_home_when_its_path_allows(home: Path) -> None:
    with embedded(home).start() as server:
        assert Path(server.info.folder) == home / "postgres" / "run"


def test_a_socket_folder_that_was_cleaned_away_is_made_again(
    short: Path, made_home: Path, runtime: Path
) -> None:
    home = short / "with space"
    shutil.copytree(made_home, home)
    with embedded(home, runtime_folder=runtime).start() as server:
        first = server.info.folder
    Path(first).mkdir(mode=0o755)
    Path(first).chmod(0o755)
    with embedded(home, runtime_folder=runtime).start() as server:
        assert server.info.folder != first, "a folder that others may enter is not ours"


def test_a_copied_home_is_a_database_of_its_own(short: Path, made_home: Path, runtime: Path) -> None:
    one, two = short / "home one", short / "home two"
    shutil.copytree(made_home, one)
    with embedded(one, runtime_folder=runtime).start() as first:
        with connect(first) as connection:
            connection.execute("create table only_in_one (n int)")
        shutil.copytree(made_home, two)
        shutil.copy(one / "postgres" / "socket.json", two / "postgres" / "socket.json")
        with embedded(two, runtime_folder=runtime).start() as second:
            assert second.pid != first.pid
            assert ask(second, "select to_regclass('only_in_one')") is None


def test_a_moved_home_goes_on(short: Path, home: Path) -> None:
    with embedded(home).start() as server, connect(server) as connection:
        connection.execute("create table moved (n int)")
    home.rename(short / "elsewhere")
    with embedded(short / "elsewhere").start() as server:
        assert ask(server, "select to_regclass('moved')::text") == "moved"


def test_a_server_of_another_folder_on_our_socket_is_refused(
    home: Path, short: Path, made_home: Path
) -> None:
    """A home replaced by a copy while its server ran: same passwords, same system identifier, other files."""
    other = short / "other"
    shutil.copytree(made_home, other)
    with embedded(other).start() as server:
        (home / "postgres" / "run").mkdir(exist_ok=True)
        shutil.rmtree(home / "postgres" / "run")
        (home / "postgres" / "run").symlink_to(server.info.folder)
        with pytest.raises(TenutoError) as raised:
            embedded(home).attach()
        assert raised.value.fault.code == "store.postgres_foreign_server"


def test_the_record_of_the_socket_names_no_secret(short: Path, made_home: Path, runtime: Path) -> None:
    home = short / "with space"
    shutil.copytree(made_home, home)
    with embedded(home, runtime_folder=runtime).start() as server:
        record = json.loads((home / "postgres" / "socket.json").read_text())
    assert record == {"folder": server.info.folder, "home": str(home / "postgres")}


def test_the_default_place_for_a_socket_is_a_private_folder_among_the_temporary_files(
    short: Path, made_home: Path
) -> None:
    home = short / "with space"
    shutil.copytree(made_home, home)
    with embedded(home).start() as server:
        folder = Path(server.info.folder)
        assert folder.parent == Path(tempfile.gettempdir())
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    assert DATABASE == "tenuto"
