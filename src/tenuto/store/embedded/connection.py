"""How a client reaches the embedded PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import msgspec
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from tenuto.store.embedded.words import PORT

# The server has to prove that it knows the password, and nothing of the caller's PG* variables applies.
_STRICT = {
    "require_auth": "scram-sha-256",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "target_session_attrs": "any",
    "client_encoding": "utf8",
}


class ConnectionInfo(msgspec.Struct, frozen=True):
    """Where the server listens. ``folder`` holds its socket; only the owner of the home may enter it."""

    folder: str

    @property
    def socket(self) -> Path:
        return Path(self.folder, f".s.PGSQL.{PORT}")

    def dsn(self, user: str, password: str, database: str) -> str:
        """Connection string for psycopg and other clients of libpq."""
        return make_conninfo(
            host=self.folder, port=PORT, user=user, password=password, dbname=database, **_STRICT
        )

    def url(self, user: str, password: str, database: str) -> URL:
        query = {"host": self.folder, "port": str(PORT)} | _STRICT
        return URL.create("postgresql+psycopg", user, password, database=database, query=query)
