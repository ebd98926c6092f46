"""What a start is spared: the schema's last step is known without loading what would take it."""

from __future__ import annotations

import subprocess
import sys

from tenuto.app.schema import bring_current, migrations, newest
from tenuto.core.words import Scope, system_actor
from tenuto.store.database import Database, Logins, Role
from tenuto.store.migrations.standing import standing


def test_the_last_step_by_name_is_the_last_step() -> None:
    assert newest() == migrations().newest


def test_where_a_database_stands(logins: Logins, database: Database) -> None:
    assert standing(logins) == newest()
    bring_current(logins)
    with database.begin(Scope(system_actor("test")), Role.OWNER) as tx:
        tx.run("drop table alembic_version", {})
    assert standing(logins) is None


def test_a_start_loads_neither_alembic_nor_the_rooms() -> None:
    """The first start takes every step and makes a token; all later ones are spared the second that it takes."""
    program = "import sys, tenuto.app.up; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "tenuto.app.supervision" in loaded
    assert not loaded & {
        "alembic",
        "cedarpy",
        "jinja2",
        "tenuto.app.building",
        "tenuto.gateway",
        "tenuto.pipelines",
    }
