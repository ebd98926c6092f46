"""``tenuto up``: the database, the schema, the processes, in this order; and everything down again."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from tenuto.app.database import logins_of, prepare_outside, start_embedded
from tenuto.app.database_watch import DatabaseWatch
from tenuto.app.earlier import hold_processes
from tenuto.app.errors import ALREADY_UP, HOME_UNUSABLE
from tenuto.app.keys import ensure_keys
from tenuto.app.ports import with_free_port
from tenuto.app.schema import bring_current
from tenuto.app.settings import Settings, child_environment
from tenuto.app.sockets import remove_sockets
from tenuto.app.supervision import Child, Supervisor
from tenuto.core.clock import Clock, SystemClock
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.govern.workspaces.queries import the_organisation
from tenuto.store.blobs import Blobs
from tenuto.store.database import Database, Logins
from tenuto.store.embedded.locks import HeldLock, try_lock
from tenuto.store.embedded.words import Progress

PROCESSES = ("control", "serving", "worker", "gateway")

Notice = Callable[[str], None]


class Running(msgspec.Struct, frozen=True):
    """A platform that answers. ``token`` makes the first owner; None when there is one."""

    address: str
    token: str | None
    pids: Callable[[], dict[str, int]]  # by name; a process that was restarted has another


@contextlib.contextmanager
def running(settings: Settings, notice: Notice) -> Iterator[Running]:
    """Keep the platform up for as long as the block lasts. Raises if it cannot come up."""
    clock, notice = SystemClock(), _undisturbing(notice)
    _require_home(settings.home)
    with (
        _alone(settings.home),
        hold_processes(settings.home, notice) as processes,
        _database(settings := with_free_port(settings), clock, notice),
    ):
        token = _prepare(settings, logins_of(settings, clock))
        supervisor = Supervisor(_children(settings), notice, keep=processes.descriptor)
        try:
            supervisor.start()
            yield Running(settings.address, token, supervisor.pids)
        finally:
            supervisor.stop()
            remove_sockets(settings.home)


def _require_home(home: Path) -> None:
    """Make the home, or raise: others who may write into it could put their own files in the place of ours."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = home.stat().st_mode
    except OSError as error:
        raise TenutoError(HOME_UNUSABLE, f"{home}: {error.strerror}") from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TenutoError(HOME_UNUSABLE, f"{home}: others may write into it (mode {stat.S_IMODE(mode):04o})")


@contextlib.contextmanager
def _database(settings: Settings, clock: Clock, notice: Notice) -> Iterator[None]:
    """Keep the embedded database running, if it is the one that the settings mean."""
    if settings.database_url:
        prepare_outside(settings, clock, notice)
        yield
        return

    start = partial(start_embedded, settings, clock)
    server = start(lambda progress: _tell(notice, progress))
    with DatabaseWatch(server, partial(start, _nobody_listens), notice).watching():
        yield


def _nobody_listens(_progress: Progress) -> None:
    """A start that is tried again and again tells its outcome only."""


def _prepare(settings: Settings, logins: Logins) -> str | None:
    """Bring the schema up to date, clear what a crash left, offer the first owner's token while there is none."""
    bring_current(logins)
    Blobs(settings.blobs, settings.home / "staging").clear_staging()
    database = Database(logins, wait=settings.database_wait)
    try:
        with database.begin(Scope(system_actor("start"))) as tx:
            owned = the_organisation(tx) is not None
    finally:
        database.close()
    ensure_keys(settings.keys, founded=owned)
    return None if owned else _token(settings)


def _token(settings: Settings) -> str | None:
    """Return the token that makes the first owner. All rooms are loaded for it, and for nothing else here."""
    from tenuto.app.building import build
    from tenuto.govern.identities.entrance import bootstrap_token

    platform = build(settings)
    try:
        token = bootstrap_token(platform.keeper)
        return token.reveal() if token is not None else None
    finally:
        platform.close()


def _children(settings: Settings) -> list[Child]:
    logs = settings.home / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    place = [f"--home={settings.home}"]  # for people who look at the list of processes
    return [
        Child(name, [name, *place], child_environment(settings), logs / f"{name}.log") for name in PROCESSES
    ]


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the installation for this process. The kernel lets go of it when the process ends, however it ends."""
    path = home / "up.lock"
    lock: HeldLock | None = try_lock(path)
    if lock is None:
        raise TenutoError(ALREADY_UP, f"process {path.read_text().strip()}")
    lock.sign()
    with lock:
        yield


def _tell(notice: Notice, progress: Progress) -> None:
    notice(f"database: {progress.stage.value}")


def _undisturbing(notice: Notice) -> Notice:
    """Return a notice that never raises: a full disk or a closed pipe must not end who restarts what crashed."""

    def told(what: str) -> None:
        with contextlib.suppress(OSError):
            notice(what)

    return told
