"""Reading and writing decisions."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.core.ids import is_id
from tenuto.govern.approvals.tables import approval
from tenuto.govern.approvals.words import Approval, ApprovalState
from tenuto.store.database import Transaction


def insert(tx: Transaction, new: Approval) -> None:
    row = msgspec.to_builtins(new)
    row["workspace_id"] = row.pop("workspace")
    row["created_at"], row["decided_at"] = new.created_at, new.decided_at
    tx.execute(sa.insert(approval), row)


def find(tx: Transaction, approval_id: str, *, lock: bool = False) -> Approval | None:
    if not is_id(approval_id):
        return None
    query = sa.select(approval).where(approval.c.id == approval_id)
    row = tx.first(query.with_for_update() if lock else query)
    return _approval(row) if row else None


def waiting_for(tx: Transaction, subject_id: str, *, lock: bool = False) -> Approval | None:
    """Return the undecided approval of a subject, if there is one."""
    query = sa.select(approval).where(
        approval.c.subject_id == subject_id, approval.c.state == ApprovalState.WAITING.value
    )
    row = tx.first(query.with_for_update() if lock else query)
    return _approval(row) if row else None


def listed(tx: Transaction, state: ApprovalState | None = None, *, limit: int = 200) -> list[Approval]:
    query = sa.select(approval).order_by(approval.c.created_at.desc()).limit(limit)
    if state is not None:
        query = query.where(approval.c.state == state.value)
    return [_approval(row) for row in tx.rows(query)]


def decide(tx: Transaction, decided: Approval) -> None:
    tx.execute(
        sa.update(approval)
        .where(approval.c.id == decided.id)
        .values(
            state=decided.state.value,
            decided_by=decided.decided_by,
            comment=decided.comment,
            decided_at=decided.decided_at,
        )
    )


def _approval(row: Any) -> Approval:
    fields = row._asdict()
    fields["workspace"] = fields.pop("workspace_id")
    fields["state"] = ApprovalState(fields["state"])
    return Approval(**fields)
