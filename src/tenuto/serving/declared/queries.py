"""Names of endpoints, what the prediction server is to serve, and what it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.govern.workspaces.tables import workspace
from tenuto.serving.declared.tables import endpoint_name, prediction
from tenuto.serving.words import PredictionRecord
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


def keep_predictions(tx: Transaction, records: Sequence[PredictionRecord]) -> int:
    """Keep the records of predictions that somebody in a workspace asked for, each once. Returns how many are new.

    What nobody vouches for is passed over: whoever can reach the prediction server's socket may ask it.
    """
    known = {row.id for row in tx.rows(sa.select(workspace.c.id))}
    rows = [_row(record) for record in records if record.workspace in known]
    if not rows:
        return 0
    return tx.execute(upsert(prediction).values(rows).on_conflict_do_nothing()).rowcount


def forget_predictions(tx: Transaction, age: timedelta) -> None:
    """Remove the records of predictions that are older than ``age``."""
    tx.execute(sa.delete(prediction).where(prediction.c.at < tx.now() - age))


def _row(record: PredictionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "workspace_id": record.workspace,
        "endpoint": _plain(record.endpoint),
        "version": record.version,
        "request_id": _plain(record.request_id),
        "actor_id": record.actor,
        "key_id": record.key,
        "rows": record.rows,
        "duration_us": record.duration_us,
        "status": record.status,
        "code": record.code,
        "at": record.at,
    }


def _plain(text: str) -> str:
    """What a caller chose, without what the database does not take: one odd name must not hold up all others."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
