"""Finding places."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.govern.workspaces.errors import WORKSPACE_UNKNOWN
from tenuto.govern.workspaces.tables import organisation, workspace
from tenuto.govern.workspaces.words import Environment, Organisation, Workspace
from tenuto.store.database import Transaction


def the_organisation(tx: Transaction) -> Organisation | None:
    """Return the organisation, or None before the first sign-in founded it."""
    row = tx.first(sa.select(organisation))
    return Organisation(row.id, row.name, row.currency) if row else None


def insert_organisation(tx: Transaction, new: Organisation) -> None:
    row = {"id": new.id, "name": new.name, "currency": new.currency}
    tx.execute(sa.insert(organisation), row)


def by_id(tx: Transaction, workspace_id: str) -> Workspace:
    row = (
        tx.first(sa.select(workspace).where(workspace.c.id == workspace_id)) if is_id(workspace_id) else None
    )
    if row is None:
        raise TenutoError(WORKSPACE_UNKNOWN, workspace_id[:100])
    return _workspace(row)


def by_name(tx: Transaction, name: str) -> Workspace:
    row = tx.first(sa.select(workspace).where(workspace.c.name == name))
    if row is None:
        raise TenutoError(WORKSPACE_UNKNOWN, name)
    return _workspace(row)


def listed(tx: Transaction) -> list[Workspace]:
    return [_workspace(row) for row in tx.rows(sa.select(workspace).order_by(workspace.c.name))]


def insert(tx: Transaction, new: Workspace) -> None:
    tx.execute(
        sa.insert(workspace),
        {
            "id": new.id,
            "name": new.name,
            "project": new.project,
            "environment": new.environment.value,
            "separation_of_duties": new.separation_of_duties,
        },
    )


def update(tx: Transaction, new: Workspace) -> None:
    tx.execute(
        sa.update(workspace)
        .where(workspace.c.id == new.id)
        .values(project=new.project, separation_of_duties=new.separation_of_duties)
    )


def _workspace(row: Any) -> Workspace:
    return Workspace(row.id, row.name, row.project, Environment(row.environment), row.separation_of_duties)
