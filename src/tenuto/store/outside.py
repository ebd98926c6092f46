"""A PostgreSQL of your own: does it answer, may we in, is it what we need?

Asked once, before anything is started, so that whoever starts the platform reads what to mend instead of the
logs of several processes. A login that may do so makes the roles that are missing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from tenuto.core.errors import Fault, TenutoError
from tenuto.store.database import Login, Logins, Role
from tenuto.store.embedded.provision import PROVISION_LOCK, ROLE_STEPS, require_bound_by_policies
from tenuto.store.errors import (
    DATABASE_ADDRESS,
    DATABASE_CLOSED,
    DATABASE_LOGIN,
    DATABASE_NAME,
    DATABASE_ROLES,
    DATABASE_UNREACHABLE,
    DATABASE_VERSION,
)

_OLDEST = 15
_PAUSE = 0.5  # seconds
_LIMITS = "-c statement_timeout=30s -c lock_timeout=30s"
# Refused connections carry no SQLSTATE that the driver would hand on: only words.
_REFUSALS: tuple[tuple[str, Fault], ...] = (
    (r'database ".*" does not exist', DATABASE_NAME),
    (
        r'authentication|no password supplied|pg_hba\.conf|role ".*" (does not exist|is not permitted)',
        DATABASE_LOGIN,
    ),
)
_OPEN_SCHEMA = "select has_schema_privilege('tenuto_owner', 'public', 'create')"
_CONNECTIONS = """
select sum(case name when 'max_connections' then setting::int else -setting::int end)::int
from pg_settings where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""

_Connection = psycopg.Connection[tuple[Any, ...]]


def driver_url(url: str) -> str:
    """Return the address with the driver that we ship. Raises, without repeating it, when it is none."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # their words hold the whole address, password included
        raise TenutoError(DATABASE_ADDRESS, "it is no URL") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise TenutoError(DATABASE_ADDRESS, f"it begins with {parsed.drivername!r}")
    if not parsed.database:
        raise TenutoError(DATABASE_ADDRESS, "it names no database")
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def prepare(logins: Logins, *, wait: float, pause: Callable[[float], None] = time.sleep) -> int:
    """Make sure that every login may act as its role, and return how many connections the server allows.

    A server that does not answer is waited for, ``wait`` seconds at most: it may start together with us.
    """
    owner = logins.of(Role.OWNER)
    with _connected(owner, wait, pause) as connection:
        _require_version(connection.info.server_version)
        connection.execute("select pg_advisory_lock(%s)", (PROVISION_LOCK,))
        _make_roles(connection)
        for role in Role:
            if logins.of(role).url == owner.url:
                _lend(connection, role)
        _open_schema(connection)
        require_bound_by_policies(connection)
        allowed = _one(connection, _CONNECTIONS)
    for role in Role:
        with _connected(logins.of(role), wait, pause) as connection:
            _require_role(connection, role)
    return int(allowed)


@contextmanager
def _connected(login: Login, wait: float, pause: Callable[[float], None]) -> Iterator[_Connection]:
    url = sa.make_url(login.url).set(drivername="postgresql").render_as_string(hide_password=False)
    deadline = time.monotonic() + wait
    while (connection := _opened(url, last=time.monotonic() + _PAUSE > deadline)) is None:
        pause(_PAUSE)
    with connection:
        yield connection


def _opened(url: str, *, last: bool) -> _Connection | None:
    """Connect, or return None when it may help to try again. Raises instead at the ``last`` attempt."""
    try:
        return psycopg.connect(url, options=_LIMITS, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        refusal = _refusal(str(error))
        if last or refusal.fault is not DATABASE_UNREACHABLE:
            raise refusal from None
        return None
    except psycopg.ProgrammingError as error:  # libpq does not know a part of the address
        raise TenutoError(DATABASE_ADDRESS, str(error)) from None


def _refusal(words: str) -> TenutoError:
    fault = next((fault for pattern, fault in _REFUSALS if re.search(pattern, words)), DATABASE_UNREACHABLE)
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return TenutoError(fault, " | ".join(lines[-2:]))


def _require_version(number: int) -> None:
    """``number`` is PostgreSQL's own form: 150004 is 15.4."""
    if number // 10_000 < _OLDEST:
        raise TenutoError(DATABASE_VERSION, f"it is version {number // 10_000}")


def _make_roles(connection: _Connection) -> None:
    for step in ROLE_STEPS:
        if connection.execute(step.unless.encode()).fetchone() is not None:
            continue
        try:
            connection.execute(step.statement.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            raise TenutoError(DATABASE_ROLES, _words(error)) from error


def _lend(connection: _Connection, role: Role) -> None:
    """Let a login that serves several roles act as this one, if it may give itself that right."""
    if _may_act_as(connection, role):
        return
    try:
        connection.execute(f"grant {role.value} to current_user".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise TenutoError(DATABASE_ROLES, f"{connection.info.user}: {_words(error)}") from error


def _require_role(connection: _Connection, role: Role) -> None:
    if not _may_act_as(connection, role):
        raise TenutoError(DATABASE_ROLES, f"{connection.info.user} may not act as {role.value}")


def _may_act_as(connection: _Connection, role: Role) -> bool:
    try:
        connection.execute(f"set role {role.value}".encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
        return False
    connection.execute("reset role")
    return True


def _open_schema(connection: _Connection) -> None:
    if _one(connection, _OPEN_SCHEMA):
        return
    try:
        connection.execute("grant create, usage on schema public to tenuto_owner")
    except psycopg.errors.InsufficientPrivilege as error:
        raise TenutoError(DATABASE_CLOSED, _words(error)) from error
    if not _one(connection, _OPEN_SCHEMA):  # PostgreSQL only warns of a right that was not there to give
        raise TenutoError(DATABASE_CLOSED, f"{connection.info.user} may not give that right")


def _one(connection: _Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _words(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
