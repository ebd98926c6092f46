"""Put the house together: from settings to the objects that every process works with."""

from __future__ import annotations

import importlib
import pkgutil

import sqlalchemy as sa

import tenuto
from tenuto.store.schema import metadata


def load_tables() -> sa.MetaData:
    """Return the metadata with every room's tables in it."""
    for module in pkgutil.walk_packages(tenuto.__path__, "tenuto."):
        if module.name.endswith(".tables") or module.name in {"tenuto.store.outbox", "tenuto.store.leases"}:
            importlib.import_module(module.name)
    return metadata
