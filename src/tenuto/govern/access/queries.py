"""Reading and writing who holds which role."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.core.words import Actor, Ref
from tenuto.govern.access.errors import BINDING_UNKNOWN, LAST_OWNER
from tenuto.govern.access.tables import policy_state, role_binding
from tenuto.govern.identities.tables import person
from tenuto.store.database import Transaction

OWNER = "owner"


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody holds: everywhere, in a workspace, or on one object of it."""

    id: str
    subject_kind: str
    subject_id: str
    role: str
    workspace: str | None
    resource_kind: str | None = None
    resource_id: str | None = None
    created_by: str
    created_at: datetime | None = None

    @property
    def ref(self) -> Ref:
        return Ref("RoleBinding", self.id, self.role, self.workspace)


def version(tx: Transaction) -> int:
    """Return the number that is another one after every change of a binding or a workspace."""
    return int(tx.scalar(sa.select(policy_state.c.version)))


def granted(tx: Transaction) -> list[Granted]:
    return [_granted(row) for row in tx.rows(sa.select(role_binding).order_by(role_binding.c.created_at))]


def held_by(tx: Transaction, actor: Actor) -> list[Granted]:
    row = role_binding.c
    own = sa.select(role_binding).where(row.subject_kind == actor.kind.value, row.subject_id == actor.id)
    return [_granted(found) for found in tx.rows(own)] if is_id(actor.id) else []


def twin_of(tx: Transaction, granted: Granted) -> Granted | None:
    """Return another binding that gives the same."""
    row = role_binding.c
    same = (
        (row.subject_id, granted.subject_id),
        (row.role, granted.role),
        (row.workspace_id, granted.workspace),
        (row.resource_kind, granted.resource_kind),
        (row.resource_id, granted.resource_id),
    )
    equal = [column.is_not_distinct_from(value) for column, value in same]
    found = tx.first(sa.select(role_binding).where(row.id != granted.id, *equal))
    return _granted(found) if found else None


def find(tx: Transaction, binding_id: str) -> Granted:
    row = (
        tx.first(sa.select(role_binding).where(role_binding.c.id == binding_id))
        if is_id(binding_id)
        else None
    )
    if row is None:
        raise TenutoError(BINDING_UNKNOWN, binding_id[:100])
    return _granted(row)


def grant(tx: Transaction, new: Granted) -> None:
    row = msgspec.structs.asdict(new)
    row["workspace_id"] = row.pop("workspace")
    del row["created_at"]
    tx.execute(sa.insert(role_binding), row)
    moved_on(tx)


def revoke(tx: Transaction, binding_id: str) -> None:
    moved_on(tx)
    tx.execute(sa.delete(role_binding).where(role_binding.c.id == binding_id))


def grant_first_owner(tx: Transaction, binding_id: str, person_id: str) -> None:
    grant(
        tx,
        Granted(
            id=binding_id,
            subject_kind="person",
            subject_id=person_id,
            role=OWNER,
            workspace=None,
            created_by="bootstrap",
        ),
    )


def moved_on(tx: Transaction) -> None:
    """Say that what decisions rest on has changed: a binding, a workspace.

    Changes take turns here. The number comes from a sequence, which never gives out a number again: a state that
    somebody read inside a transaction that then failed is never taken for one that was committed.
    """
    tx.execute(sa.update(policy_state).values(version=sa.func.nextval("policy_version")))


def require_an_owner(tx: Transaction) -> None:
    """Raise unless somebody is left who may do everything: an active person who owns the organisation.

    Ask after a change that called ``moved_on``: then no other such change is going on.
    """
    row = role_binding.c
    owner = sa.select(row.id).join(
        person, sa.and_(row.subject_kind == "person", person.c.id == row.subject_id)
    )
    everything = owner.where(row.role == OWNER, row.workspace_id.is_(None), row.resource_kind.is_(None))
    if tx.first(everything.where(person.c.active).limit(1)) is None:
        raise TenutoError(LAST_OWNER)


def _granted(row: Any) -> Granted:
    fields: dict[str, Any] = row._asdict()
    fields["workspace"] = fields.pop("workspace_id")
    return Granted(**fields)
