"""At which step the schema of a database stands: one question, without anything that could change it."""

from __future__ import annotations

import sqlalchemy as sa

from tenuto.store.database import Logins, Role, translated

_TABLE = sa.text("select to_regclass('alembic_version') is not null")
_STEP = sa.text("select version_num from alembic_version")


def standing(logins: Logins) -> str | None:
    """Return the last step that was taken, None when there was none. Asks as the owner of the schema."""
    login = logins.of(Role.OWNER)
    engine = sa.create_engine(login.url, poolclass=sa.NullPool)
    with translated(), engine.connect() as connection:
        if login.set_role:
            connection.execute(sa.text(f"set session role {Role.OWNER.value}"))
        if not connection.scalar(_TABLE):
            return None
        step = connection.scalar(_STEP)
        return None if step is None else str(step)
