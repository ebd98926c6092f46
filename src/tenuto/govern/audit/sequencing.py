"""Give every committed record its place in the log: one sequencer, in batches, about once a second or sooner.

The transaction that wrote a record also wrote a pending row. The sequencer takes pending rows away, appends
their leaves to the tree and keeps the tree's edge, all in one transaction: a crash changes nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from tenuto.core.words import Scope, system_actor
from tenuto.govern.audit.tables import audit_tree
from tenuto.govern.merkle import Frontier
from tenuto.store.database import Database, Role, Transaction

_BATCH = 5_000
# Held to the end of the transaction, so that two sequencers can never interleave.
_LOCK = sa.text("select pg_advisory_xact_lock(7365002)")

_TAKE = sa.text(
    """
    delete from audit_pending where arrival in (
      select arrival from audit_pending order by arrival limit :batch
    ) returning arrival, record_id, leaf
    """
)
_PLACE = sa.text(
    """
    insert into audit_entry (seq, record_id, leaf)
    select * from unnest(cast(:seq as bigint[]), cast(:record_id as uuid[]), cast(:leaf as bytea[]))
    """
)
_KEEP = sa.text(
    """
    insert into audit_tree (frontier) values (:frontier)
    on conflict (singleton) do update set frontier = excluded.frontier
    """
)


def sequence(database: Database) -> int:
    """Sequence what is pending, up to one batch. Returns how many records were given a place."""
    with database.begin(Scope(system_actor("audit-sequencer")), Role.SYSTEM) as tx:
        tx.execute(_LOCK)
        taken = sorted(tx.rows(_TAKE, {"batch": _BATCH}), key=lambda row: row.arrival)
        if not taken:
            return 0
        frontier = frontier_of(tx)
        leaves = [bytes(row.leaf) for row in taken]
        places = list(range(frontier.size + 1, frontier.size + len(taken) + 1))
        tx.execute(_PLACE, {"seq": places, "record_id": [row.record_id for row in taken], "leaf": leaves})
        tx.execute(_KEEP, {"frontier": frontier.extended(leaves).as_json()})
        return len(taken)


def frontier_of(tx: Transaction) -> Frontier:
    """Return the edge of the tree as it stands."""
    stored = tx.scalar(sa.select(audit_tree.c.frontier))
    return Frontier() if stored is None else Frontier.from_json(bytes(stored))
