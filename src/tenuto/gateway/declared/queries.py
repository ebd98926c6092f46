"""Reading what the snapshot is compiled from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenuto.govern.identities.tables import api_key, person, service_account
from tenuto.store.database import Transaction

_KEYS = (
    sa.select(
        api_key,
        person.c.name.label("person_name"),
        person.c.active.label("person_active"),
        service_account.c.name.label("account_name"),
        service_account.c.owner_id,
        service_account.c.active.label("account_active"),
    )
    .outerjoin(person, sa.and_(api_key.c.actor_kind == "person", person.c.id == api_key.c.actor_id))
    .outerjoin(
        service_account,
        sa.and_(api_key.c.actor_kind == "service_account", service_account.c.id == api_key.c.actor_id),
    )
    .where(api_key.c.purpose == "gateway", api_key.c.revoked_at.is_(None))
    .where(api_key.c.expires_at > sa.func.tenuto_now())
)


def gateway_keys(tx: Transaction) -> list[Any]:
    """Return the gateway keys that may be used now, whose holders are active."""
    return [row for row in tx.rows(_KEYS) if row.person_active or row.account_active]


def now(tx: Transaction) -> datetime:
    """Return the time by the database's clock, which decides when things expire."""
    moment = tx.scalar(sa.select(sa.func.tenuto_now()))
    assert isinstance(moment, datetime)
    return moment
