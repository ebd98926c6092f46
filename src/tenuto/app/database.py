"""Which database this installation uses, and how each role connects to it."""

from __future__ import annotations

import sqlalchemy as sa

from tenuto.app.settings import Settings
from tenuto.core.clock import Clock
from tenuto.store.database import Login, Logins
from tenuto.store.embedded.layout import PRIVATE_NAME, locate
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.supervisor import EmbeddedPostgres, Listener
from tenuto.store.space import Disks, Room


def start_embedded(settings: Settings, clock: Clock, progress: Listener) -> Server:
    """Start the embedded PostgreSQL, or join the one that runs, and own it."""
    return EmbeddedPostgres(settings.home, clock=clock).start(progress=progress, take_over=True)


def logins_of(settings: Settings, clock: Clock) -> Logins:
    """Return how to connect. The embedded server must be running already."""
    if not settings.database_url:
        return EmbeddedPostgres(settings.home, clock=clock).attach().logins()
    shared = Login(_with_driver(settings.database_url), set_role=True)
    owner = Login(_with_driver(settings.database_owner_url or settings.database_url), set_role=True)
    return Logins(app=shared, system=shared, owner=owner)


def room_of(settings: Settings) -> Room | None:
    """Return the room that the embedded database has; that of your own is looked after where it runs."""
    if settings.database_url:
        return None
    return Room(locate(settings.home / PRIVATE_NAME).data, Disks())


def _with_driver(url: str) -> str:
    """Name the driver we ship, whatever spelling of PostgreSQL URLs was given."""
    return sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
