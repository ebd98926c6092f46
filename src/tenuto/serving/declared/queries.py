"""Names of endpoints, and what the prediction server is to serve."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.serving.declared.tables import endpoint_name
from tenuto.store.database import Transaction
from tenuto.store.outbox import outbox_event


def take_name(tx: Transaction, name: str, endpoint_id: str) -> bool:
    """Take the name for an endpoint. Returns False while another endpoint has it."""
    tx.execute(upsert(endpoint_name).values(name=name, endpoint_id=endpoint_id).on_conflict_do_nothing())
    holder = tx.scalar(sa.select(endpoint_name.c.endpoint_id).where(endpoint_name.c.name == name))
    return bool(holder == endpoint_id)


def free_name(tx: Transaction, endpoint_id: str) -> None:
    tx.execute(sa.delete(endpoint_name).where(endpoint_name.c.endpoint_id == endpoint_id))


def revision(tx: Transaction) -> int:
    """Return a number that grows with everything that happens, endpoints included."""
    return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(outbox_event.c.seq), 0))))
