"""Bringing the database to this version's schema: the steps of all rooms, joined."""

from __future__ import annotations

from pathlib import Path

import tenuto
from tenuto.store.migrations.runner import Migrations

# The rooms that keep tables, lowest first.
_ROOMS = ("govern", "spend", "registry", "pipelines", "serving")


def migrations() -> Migrations:
    house = Path(tenuto.__file__).parent
    return Migrations([house / room / "migrations" for room in _ROOMS])
