"""Roles and database: what an administrator gives Tenuto, on the embedded server or on one of your own (15+).

One list of steps serves both: it is run here, and printed for people by ``tenuto init --print-sql``.
"""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from tenuto.core.errors import TenutoError
from tenuto.store.database import Role
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.credentials import Credentials
from tenuto.store.embedded.errors import NO_SPACE, PROVISION_FAILED, ROLE_TOO_POWERFUL
from tenuto.store.embedded.words import ADMIN, DATABASE

# Two processes must not provision at once; any constant will do.
PROVISION_LOCK = 7_365_002
_LIMIT = "30s"

_POWERS = "rolsuper or rolbypassrls or rolcreaterole or rolreplication"
_NAMES = ", ".join(f"'{role.value}'" for role in Role)
_TOO_POWERFUL = f"select rolname from pg_roles where rolname in ({_NAMES}) and ({_POWERS}) order by 1"  # noqa: S608 (constants only)


class Step(msgspec.Struct, frozen=True):
    """A statement and a query; the statement is needed while the query finds no row."""

    statement: str
    unless: str


def _create_role(role: Role) -> Step:
    powers = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    return Step(
        f"create role {role.value} login {powers}",
        f"select from pg_roles where rolname = '{role.value}'",
    )


ROLE_STEPS = tuple(_create_role(role) for role in Role)
_OWNERSHIP = Step(
    # Or an administrator who is no superuser may not make a database in that role's name.
    f"grant {Role.OWNER.value} to current_user",
    "select from pg_roles where rolname = current_user and rolsuper",
)
_DATABASE = Step(
    f"create database {DATABASE} owner {Role.OWNER.value} encoding 'UTF8' lc_collate 'C' template template0",
    f"select from pg_database where datname = '{DATABASE}'",
)
_CLOSED_TO_OTHERS = f"revoke all on database {DATABASE} from public"
_OPEN_TO_US = f"grant connect on database {DATABASE} to {Role.APP.value}, {Role.SYSTEM.value}"

_HEAD = """\
-- Roles and database of Tenuto on a PostgreSQL of your own, version 15 or newer.
-- Run with psql as an administrator (superuser, or createrole and createdb); it may be run again.
-- Give the passwords as psql variables. From the environment, so that no process list shows them:
"""


def provision_sql() -> str:
    """Return the psql script that prepares a PostgreSQL of one's own. It names no password."""
    lines = [_HEAD + "\n".join(f"\\getenv {_variable(role)} {_variable(role).upper()}" for role in Role)]
    lines += ["\\set ON_ERROR_STOP on"]
    lines += [_conditional(step) for step in (*ROLE_STEPS, _OWNERSHIP, _DATABASE)]
    lines += [f"alter role {role.value} password :'{_variable(role)}';" for role in Role]
    lines += [f"{_CLOSED_TO_OTHERS};", f"{_OPEN_TO_US};"]
    lines += ["-- This has to show no role; row-level security does not bind one that it shows:"]
    lines += [f"{_TOO_POWERFUL};"]
    return "\n".join(lines) + "\n"


def provision(info: ConnectionInfo, credentials: Credentials) -> None:
    """Bring roles, passwords and database to what Tenuto needs. Changes nothing else; may be called again."""
    dsn = info.dsn(ADMIN, credentials.admin, "postgres")
    limits = f"-c statement_timeout={_LIMIT} -c lock_timeout={_LIMIT}"
    try:
        connection = psycopg.connect(dsn, options=limits, connect_timeout=10, autocommit=True)
        try:
            _bring(connection, credentials)
        finally:
            connection.close()
    except psycopg.errors.DiskFull as error:
        raise TenutoError(NO_SPACE, error.diag.message_primary or "") from error
    except psycopg.Error as error:
        raise TenutoError(PROVISION_FAILED, error.diag.message_primary or str(error)) from error


def _bring(connection: psycopg.Connection[Any], credentials: Credentials) -> None:
    connection.execute("select pg_advisory_lock(%s)", (PROVISION_LOCK,))
    for step in (*ROLE_STEPS, _OWNERSHIP, _DATABASE):
        if connection.execute(step.unless.encode()).fetchone() is None:
            connection.execute(step.statement.encode())
    for role in Role:
        _set_password(connection, role.value, credentials.roles[role.value])
    connection.execute(_CLOSED_TO_OTHERS.encode())
    connection.execute(_OPEN_TO_US.encode())
    require_bound_by_policies(connection)


def _set_password(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    """Send the verifier, not the password: a statement may end up in a log."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    statement = psycopg.sql.SQL("alter role {} password {}")
    connection.execute(statement.format(psycopg.sql.Identifier(role), psycopg.sql.Literal(verifier.decode())))


def require_bound_by_policies(connection: psycopg.Connection[Any]) -> None:
    """Raise when one of Tenuto's roles could step around row-level security."""
    powerful = [name for (name,) in connection.execute(_TOO_POWERFUL.encode())]
    if powerful:
        raise TenutoError(ROLE_TOO_POWERFUL, ", ".join(powerful))


def _conditional(step: Step) -> str:
    quoted = step.statement.replace("'", "''")
    return f"select '{quoted}' where not exists ({step.unless}) \\gexec"


def _variable(role: Role) -> str:
    return f"{role.value}_password"
