"""The tables that the code speaks of are the tables that the migrations make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tenuto.app.building import load_tables
from tenuto.app.schema import migrations, newest
from tenuto.store.database import Logins
from tenuto.store.migrations.standing import standing


def test_code_and_migrations_agree(logins: Logins) -> None:
    assert logins.owner is not None
    engine = sa.create_engine(logins.owner.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, load_tables())
    # Indexes, constraints and defaults live in the migrations alone; tables and columns in both.
    meant = {"add_table", "remove_table", "add_column", "remove_column", "modify_nullable", "modify_type"}
    differences = [one for one in _flat(found) if one[0] in meant and "alembic_version" not in str(one)]
    assert differences == []


def test_migrating_twice_changes_nothing(logins: Logins) -> None:
    steps = migrations()
    steps.upgrade(logins)
    assert standing(logins) == newest() == steps.newest


def _flat(found: list[object]) -> list[tuple[object, ...]]:
    return [one for entry in found for one in (entry if isinstance(entry, list) else [entry])]
