"""Run Alembic over every room's steps, once, whoever starts first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tenuto.core.errors import TenutoError
from tenuto.store.database import Logins, Role, translated
from tenuto.store.errors import SCHEMA_AHEAD

_OWN_STEPS = Path(__file__).parent / "versions"
# Any constant will do; it keeps two starting processes from migrating at once.
_ADVISORY_LOCK = 7_365_001


class Migrations:
    """The joined steps of all rooms. ``folders`` are the rooms' ``migrations`` folders."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(map(str, (_OWN_STEPS, *folders))))
        self._scripts = ScriptDirectory.from_config(config)
        self._config = config

    @property
    def newest(self) -> str:
        return self._scripts.get_current_head() or ""

    def upgrade(self, logins: Logins) -> None:
        """Bring the database to ``newest``. Needs the owner's login. Two processes may call it at once."""
        login = logins.of(Role.OWNER)
        engine = sa.create_engine(login.url, poolclass=sa.NullPool)
        with translated(), engine.connect() as connection:
            if login.set_role:
                connection.execute(sa.text(f"set session role {Role.OWNER.value}"))
            connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
            connection.commit()
            self._refuse_newer(connection)
            self._run(connection)

    def _run(self, connection: sa.Connection) -> None:
        def steps(revision: object, _context: MigrationContext) -> object:
            return self._scripts._upgrade_revs("head", revision)  # type: ignore[arg-type]  # noqa: SLF001 (Alembic's own command does the same)

        with EnvironmentContext(self._config, self._scripts, fn=steps) as environment:
            environment.configure(connection=connection, transaction_per_migration=False)
            with environment.begin_transaction():
                environment.run_migrations()
        connection.commit()

    def _current(self, connection: sa.Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    def _refuse_newer(self, connection: sa.Connection) -> None:
        current = self._current(connection)
        known = {script.revision for script in self._scripts.walk_revisions()}
        if current is not None and current not in known:
            raise TenutoError(SCHEMA_AHEAD, f"it stands at {current}, this version knows up to {self.newest}")
