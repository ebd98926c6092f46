"""Sign what the log is, and put it where whoever rewrites the database cannot reach."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.clock import Clock
from tenuto.core.words import Scope, system_actor
from tenuto.govern.audit.sequencing import frontier_of
from tenuto.govern.audit.tables import audit_checkpoint
from tenuto.govern.audit_record import audit_time
from tenuto.govern.checkpoints import Checkpoint, CheckpointSink, SigningKey, sign_checkpoint
from tenuto.store.database import Database, Role, Transaction

_SCOPE = Scope(system_actor("audit-checkpointer"))


def checkpoint(database: Database, clock: Clock, key: SigningKey, sink: CheckpointSink) -> bool:
    """Sign and publish the log as it is now. Returns False if nothing was added since the last checkpoint.

    The note is stored before it is published. A sink that cannot be reached raises, and what it missed is
    published by the next call: nothing is lost and nothing is published twice in another form.
    """
    with database.begin(_SCOPE, Role.SYSTEM) as tx:
        added = _sign(tx, clock, key)
    published = _publish(database, sink)
    return added or published


def _sign(tx: Transaction, clock: Clock, key: SigningKey) -> bool:
    frontier = frontier_of(tx)
    newest = tx.scalar(sa.select(sa.func.max(audit_checkpoint.c.size)))
    if frontier.size in {0, newest}:
        return False
    state = Checkpoint(key.name, frontier.size, frontier.root(), audit_time(clock.now()))
    row = {"size": frontier.size, "note": sign_checkpoint(state, key)}
    tx.execute(upsert(audit_checkpoint).values(row).on_conflict_do_nothing())
    return True


def _publish(database: Database, sink: CheckpointSink) -> bool:
    """Publish what is not published yet, oldest first. The rows are locked, so only one process does it."""
    with database.begin(_SCOPE, Role.SYSTEM) as tx:
        waiting = tx.rows(
            sa.select(audit_checkpoint)
            .where(audit_checkpoint.c.published_at.is_(None))
            .order_by(audit_checkpoint.c.size)
            .with_for_update(skip_locked=True)
        )
        for row in waiting:
            sink.publish(row.note)
            tx.execute(
                sa.update(audit_checkpoint)
                .where(audit_checkpoint.c.size == row.size)
                .values(published_at=sa.func.tenuto_now())
            )
    return bool(waiting)
