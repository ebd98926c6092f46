"""Connections and transactions.

Three database roles: *owner* migrates, *app* serves people and is bound by row-level security, *system* runs
the background tasks and sees every workspace through explicit policies. Each has a login of its own, or
shares one login that may ``SET ROLE`` to all three.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.store.errors import (
    CONFLICTING_CHANGE,
    DATABASE_BUSY,
    DATABASE_FULL,
    DATABASE_UNAVAILABLE,
    REFUSED_BY_DATABASE,
    VALUE_REFUSED,
)
from tenuto.store.ringing import Ringer, Rope
from tenuto.store.space import Room

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

_SET_SCOPE = sa.text(
    "select set_config('app.scope', :scope, true), set_config('app.workspace', :workspace, true),"
    " set_config('app.actor', :actor, true)"
)

_NOW = sa.select(sa.func.tenuto_now())
_ONE_MOMENT = sa.text("set transaction isolation level repeatable read")


# Malformed text, numbers and times out of range, characters the database has not; None is said by the driver.
_OF_THE_INPUT = frozenset({"22P02", "22003", "22008", "22021", "22P05", None})


class Role(Enum):
    OWNER = "tenuto_owner"
    APP = "tenuto_app"
    SYSTEM = "tenuto_system"


class Login(msgspec.Struct, frozen=True):
    """How to connect as one role. ``set_role`` is for a login shared by all three roles."""

    url: str
    set_role: bool = False

    def __repr__(self) -> str:
        return "Login(***)"


class Logins(msgspec.Struct, frozen=True):
    app: Login
    system: Login
    owner: Login | None = None

    def of(self, role: Role) -> Login:
        login = {Role.APP: self.app, Role.SYSTEM: self.system, Role.OWNER: self.owner}[role]
        if login is None:
            raise TenutoError(DATABASE_UNAVAILABLE, "no login for the schema owner is configured")
        return login


class Transaction(msgspec.Struct, frozen=True):
    """An open transaction with the scope it acts in. Commits when its block ends, rolls back on any error."""

    connection: Connection
    scope: Scope
    ringer: Ringer
    committed: list[Callable[[], None]] = msgspec.field(default_factory=list)
    # What one transaction remembers until it ends.
    notes: dict[str, Any] = msgspec.field(default_factory=dict)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once the commit is known to have happened, before the connection is reused."""
        self.committed.append(callback)

    def rings(self) -> bool:
        """Have those who wait for events or work woken by what this commits.

        True where this transaction itself is to notify; else it is seen to after the commit.
        """
        if "rings" in self.notes:
            return False
        now = self.notes["rings"] = self.ringer.due()
        self.after_commit(self.ringer.rung if now else self.ringer.ask)
        return now

    def enter(self, workspace: str | None) -> Transaction:
        """Go on in another scope of the same transaction: another workspace, or None for the organisation."""
        moved = msgspec.structs.replace(self, scope=msgspec.structs.replace(self.scope, workspace=workspace))
        self.connection.execute(_SET_SCOPE, _settings(moved.scope))
        return moved

    @contextmanager
    def taken_back(self) -> Iterator[Transaction]:
        """Try something: whatever is done in the block, its scope too, is undone when it ends.

        What the trial noted or wanted to see done after the commit is forgotten with it.
        """
        trial = self.connection.begin_nested()
        try:
            yield msgspec.structs.replace(self, committed=[], notes={})
        finally:
            trial.rollback()

    def execute(self, statement: Any, parameters: Any = None) -> sa.CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    def run(self, sql: str, parameters: dict[str, Any]) -> None:
        """Run a statement of the driver's own form (``%(name)s``), for the few that are on every path."""
        self.connection.exec_driver_sql(sql, parameters)

    def rows(self, statement: Any, parameters: Any = None) -> list[sa.Row[Any]]:
        return list(self.connection.execute(statement, parameters))

    def first(self, statement: Any, parameters: Any = None) -> sa.Row[Any] | None:
        return self.connection.execute(statement, parameters).first()

    def scalar(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters).scalar()

    def now(self) -> datetime:
        """Return the time by the database's clock, which decides what has expired."""
        moment: datetime = self.scalar(_NOW)
        return moment


class Database:
    """The pools of one process. A new transaction waits ``wait`` seconds for an absent database.

    ``room`` is that of the disk which holds the data, where this machine can look at it.
    """

    def __init__(
        self, logins: Logins, *, pool_size: int = 5, wait: float = 15.0, room: Room | None = None
    ) -> None:
        self._logins = logins
        self._pool_size = pool_size
        self._wait = wait
        self._room = room
        self._engines: dict[Role, Engine] = {}
        self._making = threading.Lock()
        self._rope = Rope(self.raw_url(Role.APP))
        self._ringer = Ringer(self._rope.ring)

    @contextmanager
    def begin(
        self, scope: Scope, role: Role = Role.APP, *, one_moment: bool = False
    ) -> Iterator[Transaction]:
        """Open a transaction that sees what ``scope`` may see. Database trouble raises ``TenutoError``.

        With ``one_moment`` all its reads see the database as it was when the first one was made.
        """
        with translated():
            connection = self._connect(role)
            try:
                with connection.begin():
                    if one_moment:
                        connection.execute(_ONE_MOMENT)
                    connection.execute(_SET_SCOPE, _settings(scope))
                    tx = Transaction(connection, scope, self._ringer)
                    yield tx
                for callback in tx.committed:
                    callback()
            finally:
                connection.close()

    def require_room(self) -> None:
        """Raise DATABASE_FULL where a change could take the last room of the disk. Ask before changes begin."""
        if self._room is not None:
            self._room.require(DATABASE_FULL)

    def raw_url(self, role: Role) -> str:
        """Return the psycopg connection string of ``role``, for LISTEN and bulk copies."""
        url = sa.make_url(self._logins.of(role).url).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def close(self) -> None:
        self._ringer.close()
        self._ringer = Ringer(self._rope.ring)
        self._rope.close()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def _connect(self, role: Role) -> Connection:
        deadline = time.monotonic() + self._wait
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._engine(role).connect()
            except DBAPIError as error:
                if not _is_absence(error) or time.monotonic() + pause > deadline:
                    # A database that is away while its disk is full is away because of that.
                    self.require_room()
                    raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _engine(self, role: Role) -> Engine:
        with self._making:
            if role not in self._engines:
                self._engines[role] = _make_engine(self._logins.of(role), role, self._pool_size)
            return self._engines[role]


def _make_engine(login: Login, role: Role, pool_size: int) -> Engine:
    engine = sa.create_engine(
        login.url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={"connect_timeout": 10, "application_name": f"tenuto:{role.name.lower()}"},
    )
    if login.set_role:

        @event.listens_for(engine, "connect")
        def become(connection: psycopg.Connection[Any], _record: Any) -> None:
            connection.execute(f"set role {role.value}")
            connection.commit()

    return engine


def _settings(scope: Scope) -> dict[str, str]:
    return {
        "scope": "workspace" if scope.workspace else "organisation",
        "workspace": scope.workspace or "",
        "actor": scope.actor.id,
    }


def _is_absence(error: DBAPIError) -> bool:
    return isinstance(error.orig, psycopg.OperationalError) and not isinstance(
        error.orig, psycopg.errors.DiskFull
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn database errors into faults that say what to do."""
    try:
        yield
    except PoolTimeoutError as error:
        raise TenutoError(DATABASE_BUSY) from error
    except DBAPIError as error:
        raise _fault_of(error) from error


def _fault_of(error: DBAPIError) -> TenutoError:
    cause = error.orig
    if isinstance(cause, psycopg.errors.DiskFull):
        return TenutoError(DATABASE_FULL)
    if isinstance(cause, psycopg.errors.UniqueViolation | psycopg.errors.SerializationFailure):
        return TenutoError(CONFLICTING_CHANGE, _constraint(cause))
    if isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable):
        return TenutoError(CONFLICTING_CHANGE)
    if isinstance(cause, psycopg.DataError) and cause.sqlstate in _OF_THE_INPUT:
        return TenutoError(VALUE_REFUSED, cause.diag.message_primary or str(cause))
    if isinstance(cause, psycopg.OperationalError) or error.connection_invalidated:
        return TenutoError(DATABASE_UNAVAILABLE)
    state = getattr(cause, "sqlstate", None) or "unknown"
    return TenutoError(REFUSED_BY_DATABASE, f"SQLSTATE {state} ({type(cause).__name__})")


def _constraint(cause: psycopg.Error) -> str:
    return cause.diag.constraint_name or ""
