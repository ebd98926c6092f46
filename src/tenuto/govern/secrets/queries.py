"""Keeping envelopes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.govern.envelope import Envelope, SecretPlace
from tenuto.govern.secrets.tables import secret
from tenuto.store.database import Transaction


class Kept(msgspec.Struct, frozen=True):
    """A secret as it lies in the database. ``workspace`` None is the organisation."""

    id: str
    workspace: str | None
    name: str
    version: int
    envelope: Envelope
    updated_at: datetime

    @property
    def place(self) -> SecretPlace:
        return SecretPlace(self.workspace, "secret", self.id, self.version)


def find(tx: Transaction, name: str, *, lock: bool = False) -> Kept | None:
    """Return the secret of the transaction's own scope."""
    own = secret.c.workspace_id
    place = tx.scope.workspace
    query = sa.select(secret).where(secret.c.name == name, own.is_(None) if place is None else own == place)
    row = tx.first(query.with_for_update() if lock else query)
    return _kept(row) if row else None


def listed(tx: Transaction) -> list[Kept]:
    own = secret.c.workspace_id
    place = tx.scope.workspace
    query = sa.select(secret).where(own.is_(None) if place is None else own == place)
    return [_kept(row) for row in tx.rows(query.order_by(secret.c.name))]


def put(tx: Transaction, kept: Kept) -> None:
    row = {
        "id": kept.id,
        "workspace_id": kept.workspace,
        "name": kept.name,
        "version": kept.version,
        "envelope": msgspec.json.encode(kept.envelope),
        "updated_at": kept.updated_at,
    }
    changed = tx.scalar(sa.update(secret).where(secret.c.id == kept.id).values(row).returning(secret.c.id))
    if changed is None:
        tx.execute(sa.insert(secret), row)


def delete(tx: Transaction, secret_id: str) -> None:
    tx.execute(sa.delete(secret).where(secret.c.id == secret_id))


def _kept(row: Any) -> Kept:
    envelope = msgspec.json.decode(bytes(row.envelope), type=Envelope)
    return Kept(row.id, row.workspace_id, row.name, row.version, envelope, row.updated_at)
