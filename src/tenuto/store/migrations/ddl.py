"""The few forms a table can take, said once: who may see its rows, and whether they may ever change.

Used by migrations only. Every policy denies by absence: a connection that has set no scope sees no row.
"""

from __future__ import annotations

from alembic import op

WORKSPACE = "nullif(current_setting('app.workspace', true), '')::uuid"
IN_ORGANISATION = "current_setting('app.scope', true) = 'organisation'"
IN_ANY_SCOPE = "current_setting('app.scope', true) in ('organisation', 'workspace')"

_READ_WRITE = "select, insert, update, delete"
_APPEND = "select, insert"


def workspace_table(name: str, *, append_only: bool = False) -> None:
    """Rows belong to one workspace, and only a transaction in that workspace sees or writes them."""
    own = f"workspace_id = {WORKSPACE}"
    _protect(name, append_only=append_only)
    _policy(name, "workspace", "all", using=own, check=own)


def scoped_table(name: str, *, append_only: bool = False) -> None:
    """Rows belong to one workspace, or (``workspace_id`` null) to the organisation.

    A workspace reads its own rows and the organisation's, and writes its own. The organisation's scope reads
    and writes the organisation's rows only.
    """
    readable = f"workspace_id = {WORKSPACE} or (workspace_id is null and {IN_ANY_SCOPE})"
    writable = f"workspace_id = {WORKSPACE} or (workspace_id is null and {IN_ORGANISATION})"
    _protect(name, append_only=append_only)
    _policy(name, "read", "select", using=readable)
    _policy(name, "insert", "insert", check=writable)
    if not append_only:
        _policy(name, "update", "update", using=writable, check=writable)
        _policy(name, "delete", "delete", using=writable)


def organisation_table(name: str, *, append_only: bool = False) -> None:
    """Rows belong to the organisation: readable and writable from any scope, after the permission check."""
    _protect(name, append_only=append_only)
    _policy(name, "organisation", "all", using=IN_ANY_SCOPE, check=IN_ANY_SCOPE)


def system_table(name: str, *, app: str = "") -> None:
    """Rows that background tasks work on. ``app`` lists what the app role may do, for instance ``insert``."""
    op.execute(f"grant {_READ_WRITE} on {name} to tenuto_system")
    if app:
        op.execute(f"grant {app} on {name} to tenuto_app")


def _protect(name: str, *, append_only: bool) -> None:
    op.execute(f"alter table {name} enable row level security")
    op.execute(f"alter table {name} force row level security")
    rights = _APPEND if append_only else _READ_WRITE
    op.execute(f"grant {rights} on {name} to tenuto_app, tenuto_system")
    op.execute(f"create policy system on {name} to tenuto_system using (true) with check (true)")
    if append_only:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {name}"
            " for each statement execute function tenuto_append_only()"
        )


def _policy(name: str, policy: str, verb: str, *, using: str = "", check: str = "") -> None:
    clauses = (f" using ({using})" if using else "") + (f" with check ({check})" if check else "")
    op.execute(f"create policy {policy} on {name} for {verb} to tenuto_app{clauses}")
