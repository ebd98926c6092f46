"""The connections of all processes together find room in the database, however busy they are."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.platform import fresh_database, shared_url
from tenuto.app.building import Platform, build
from tenuto.app.database import CONNECTIONS_EACH, MOST_CONNECTIONS, NEEDED_CONNECTIONS, POOL, USERS
from tenuto.app.settings import Settings
from tenuto.app.up import PROCESSES
from tenuto.core.words import Scope, system_actor
from tenuto.store.database import Role
from tenuto.store.embedded.server import Server

_RESERVED = 3  # PostgreSQL's own default for its administrator


@pytest.fixture
def platform(postgres: Server, tmp_path: Path) -> Iterator[Platform]:
    with fresh_database(postgres) as name:
        built = build(Settings(home=tmp_path / "home", database_url=shared_url(postgres, name)))
        yield built
        built.close()


def test_the_sum_of_all_pools_is_less_than_the_server_allows() -> None:
    assert len(USERS) * CONNECTIONS_EACH == NEEDED_CONNECTIONS < MOST_CONNECTIONS - _RESERVED


def test_exactly_these_processes_open_a_database() -> None:
    modules = {name: importlib.import_module(f"tenuto.app.processes.{name}") for name in PROCESSES}
    assert {
        name for name, module in modules.items() if "build(settings)" in inspect.getsource(module)
    } == set(USERS)


def test_a_process_opens_no_more_than_its_share(platform: Platform) -> None:
    """A pool and as much again for each of the two roles that it acts in, and one connection that listens."""
    database = platform.desk.database
    for role in (Role.APP, Role.SYSTEM):
        with database.begin(Scope(system_actor("test")), role):
            pass
    pools = [engine.pool for engine in database._engines.values()]
    assert [(pool.size(), pool._max_overflow) for pool in pools] == [(POOL, POOL)] * 2  # type: ignore[attr-defined]
    assert sum(pool.size() + pool._max_overflow for pool in pools) + 1 == CONNECTIONS_EACH  # type: ignore[attr-defined]
