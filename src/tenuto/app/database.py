"""Which database this installation uses, and how each role connects to it."""

from __future__ import annotations

from collections.abc import Callable

from tenuto.app.settings import Settings
from tenuto.core.clock import Clock
from tenuto.store import outside
from tenuto.store.database import Login, Logins
from tenuto.store.embedded.layout import PRIVATE_NAME, locate
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres, Listener
from tenuto.store.embedded.words import Options
from tenuto.store.outside import driver_url
from tenuto.store.space import Disks, Room

# The most connections that a process opens: for two roles a pool and as much again, and one that listens.
POOL = 5
CONNECTIONS_EACH = 2 * 2 * POOL + 1
# The processes of `tenuto up` that use the database. More workers may join them.
USERS = ("control", "worker", "gateway")
_MORE_WORKERS = 3
# Three that PostgreSQL keeps for its administrator, then `up` itself, backups and people who look.
_BESIDE = 10
NEEDED_CONNECTIONS = len(USERS) * CONNECTIONS_EACH
MOST_CONNECTIONS = NEEDED_CONNECTIONS + _MORE_WORKERS * CONNECTIONS_EACH + _BESIDE


def start_embedded(settings: Settings, clock: Clock, progress: Listener) -> Server:
    """Start the embedded PostgreSQL, or join the one that runs, and own it."""
    options = Options(settings={"max_connections": str(MOST_CONNECTIONS)})
    return EmbeddedPostgres(settings.home, clock=clock, options=options).start(
        progress=progress, take_over=True
    )


def prepare_outside(settings: Settings, clock: Clock, notice: Callable[[str], None]) -> None:
    """Make sure of a PostgreSQL of your own. Raises what to mend; tells what is tight."""
    allowed = outside.prepare(logins_of(settings, clock), wait=settings.database_wait)
    if allowed < NEEDED_CONNECTIONS:
        notice(f"database: it allows {allowed} connections; the platform opens up to {NEEDED_CONNECTIONS}")


def logins_of(settings: Settings, clock: Clock) -> Logins:
    """Return how to connect. The embedded server must be running already."""
    if not settings.database_url:
        return EmbeddedPostgres(settings.home, clock=clock).attach().logins()
    given = settings.database_url
    return Logins(
        app=_acting(given),
        system=_acting(settings.database_system_url or given),
        owner=_acting(settings.database_owner_url or given),
    )


def room_of(settings: Settings) -> Room | None:
    """Return the room that the embedded database has; that of your own is looked after where it runs."""
    if settings.database_url:
        return None
    return Room(locate(settings.home / PRIVATE_NAME).data, Disks())


def _acting(url: str) -> Login:
    """A login that takes its role when it has connected, be it for one role or for all three."""
    return Login(driver_url(url), set_role=True)
