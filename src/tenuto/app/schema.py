"""Bringing the database to this version's schema: the steps of all rooms, joined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import tenuto
from tenuto.store.database import Logins
from tenuto.store.migrations.standing import standing

if TYPE_CHECKING:
    from tenuto.store.migrations.runner import Migrations

# The rooms that keep tables, lowest first.
_ROOMS = ("govern", "spend", "registry", "pipelines", "serving")
_OWN = Path("store/migrations/versions")


def migrations() -> Migrations:
    from tenuto.store.migrations.runner import Migrations  # it loads Alembic, which a warm start does without

    return Migrations(_folders())


def bring_current(logins: Logins) -> None:
    """Bring the database to this version's schema; nothing is loaded for it when it stands there."""
    if standing(logins) != newest():
        migrations().upgrade(logins)


def newest() -> str:
    """Return the last step of all rooms, read from the names of their files: ``0007_pipelines.py``."""
    house = Path(tenuto.__file__).parent
    files = (file for folder in (house / _OWN, *_folders()) for file in folder.glob("[0-9]*.py"))
    return max(file.name.partition("_")[0] for file in files)


def _folders() -> list[Path]:
    house = Path(tenuto.__file__).parent
    return [house / room / "migrations" for room in _ROOMS]
