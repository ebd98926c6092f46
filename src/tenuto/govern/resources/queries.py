"""Reading and writing declared things. Every write keeps the revision beside it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tenuto.govern.resources.tables import resource, resource_revision
from tenuto.govern.resources.words import Stored
from tenuto.store.database import Transaction


def find(tx: Transaction, kind: str, name: str, *, lock: bool = False) -> Stored | None:
    """Return the resource of the transaction's own scope; ``lock`` keeps others from changing it."""
    query = sa.select(resource).where(
        resource.c.kind == kind, resource.c.name == name, _own(resource, tx.scope.workspace)
    )
    row = tx.first(query.with_for_update() if lock else query)
    return _stored(row) if row else None


def by_id(tx: Transaction, resource_id: str) -> Stored | None:
    """Return the resource that the transaction may see under that id."""
    row = tx.first(sa.select(resource).where(resource.c.id == resource_id))
    return _stored(row) if row else None


def listed(tx: Transaction, kind: str | None = None) -> list[Stored]:
    """Return the resources of the transaction's own scope, by kind and name."""
    query = sa.select(resource).where(_own(resource, tx.scope.workspace))
    if kind is not None:
        query = query.where(resource.c.kind == kind)
    return [_stored(row) for row in tx.rows(query.order_by(resource.c.kind, resource.c.name))]


def everywhere(tx: Transaction, kind: str) -> list[Stored]:
    """Return the resources of one kind that the transaction may see: the organisation's and its own."""
    query = sa.select(resource).where(resource.c.kind == kind)
    return [_stored(row) for row in tx.rows(query.order_by(resource.c.workspace_id, resource.c.name))]


def history(tx: Transaction, kind: str, name: str, *, limit: int = 100) -> list[Stored]:
    """Return the newest revisions first, also of a resource that was deleted and declared again."""
    newest = _revisions(tx, kind, name).order_by(resource_revision.c.version.desc()).limit(limit)
    return [_revision(row) for row in tx.rows(newest)]


def latest(tx: Transaction, kind: str, name: str) -> Stored | None:
    """Return the newest revision; where the resource was deleted, the one that says so."""
    return next(iter(history(tx, kind, name, limit=1)), None)


def earlier(tx: Transaction, newest: Stored) -> Stored | None:
    """Return the newest revision before ``newest`` that declared something."""
    table = resource_revision
    older = _revisions(tx, newest.kind, newest.name).where(
        table.c.version < newest.version, table.c.spec.is_not(sa.null())
    )
    row = tx.first(older.order_by(table.c.version.desc()).limit(1))
    return _revision(row) if row else None


def revision(tx: Transaction, resource_id: str, version: int) -> Stored | None:
    table = resource_revision
    row = tx.first(sa.select(table).where(table.c.resource_id == resource_id, table.c.version == version))
    return _revision(row) if row else None


def numbered(tx: Transaction, kind: str, name: str, version: int) -> Stored | None:
    """Return a revision by its number, also one from before the resource was deleted."""
    row = tx.first(_revisions(tx, kind, name).where(resource_revision.c.version == version))
    return _revision(row) if row else None


def insert(tx: Transaction, new: Stored) -> None:
    tx.execute(sa.insert(resource), _row(new))
    _keep_revision(tx, new)


def update(tx: Transaction, new: Stored) -> None:
    tx.execute(
        sa.update(resource)
        .where(resource.c.id == new.id)
        .values(spec=new.spec, version=new.version, author=new.author, updated_at=new.at)
    )
    _keep_revision(tx, new)


def delete(tx: Transaction, gone: Stored) -> None:
    """Remove the resource. ``gone`` is the revision that says so: next version, no spec."""
    tx.execute(sa.delete(resource).where(resource.c.id == gone.id))
    _keep_revision(tx, gone)


def _keep_revision(tx: Transaction, new: Stored) -> None:
    tx.execute(
        sa.insert(resource_revision),
        {
            "resource_id": new.id,
            "version": new.version,
            "workspace_id": new.workspace,
            "kind": new.kind,
            "name": new.name,
            "spec": new.spec,
            "author": new.author,
            "created_at": new.at,
        },
    )


def _revisions(tx: Transaction, kind: str, name: str) -> sa.Select[Any]:
    table = resource_revision
    return sa.select(table).where(table.c.kind == kind, table.c.name == name, _own(table, tx.scope.workspace))


def _own(table: sa.Table, workspace: str | None) -> sa.ColumnElement[bool]:
    column = table.c.workspace_id
    return column.is_(None) if workspace is None else column == workspace


def _row(new: Stored) -> dict[str, Any]:
    return {
        "id": new.id,
        "workspace_id": new.workspace,
        "kind": new.kind,
        "name": new.name,
        "version": new.version,
        "spec": new.spec,
        "author": new.author,
        "updated_at": new.at,
    }


def _stored(row: Any) -> Stored:
    return Stored(
        row.id, row.kind, row.name, row.workspace_id, row.version, row.spec, row.author, row.updated_at
    )


def _revision(row: Any) -> Stored:
    return Stored(
        row.resource_id,
        row.kind,
        row.name,
        row.workspace_id,
        row.version,
        row.spec,
        row.author,
        row.created_at,
    )
