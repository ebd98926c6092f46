"""Finding and keeping identities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.core.words import Actor, ActorKind
from tenuto.govern.identities.errors import KEY_UNKNOWN_ID, PERSON_UNKNOWN
from tenuto.govern.identities.tables import api_key, one_time_token, person, service_account, web_session
from tenuto.govern.identities.words import KeyInfo, KeyPurpose, Person, ServiceAccount, TokenPurpose
from tenuto.store.database import Transaction

_NOW = sa.func.tenuto_now()


def person_by_id(tx: Transaction, person_id: str) -> Person:
    row = tx.first(sa.select(person).where(person.c.id == person_id)) if is_id(person_id) else None
    if row is None:
        raise TenutoError(PERSON_UNKNOWN, person_id[:100])
    return _person(row)


def person_by_email(tx: Transaction, email: str) -> tuple[Person, str | None] | None:
    """Return the person and the stored password hash."""
    row = tx.first(sa.select(person).where(person.c.email == email))
    return (_person(row), row.password_hash) if row else None


def people(tx: Transaction) -> list[Person]:
    return [_person(row) for row in tx.rows(sa.select(person).order_by(person.c.name, person.c.id))]


def insert_person(tx: Transaction, new: Person, password_hash: str | None) -> None:
    row = {"id": new.id, "email": new.email, "name": new.name, "password_hash": password_hash}
    tx.execute(sa.insert(person), row)


def set_password(tx: Transaction, person_id: str, password_hash: str, name: str | None = None) -> None:
    values: dict[str, Any] = {"password_hash": password_hash} | ({"name": name} if name else {})
    tx.execute(sa.update(person).where(person.c.id == person_id).values(**values))


def accounts_of(tx: Transaction, person_id: str) -> list[ServiceAccount]:
    """Return the active service accounts that a person answers for."""
    row = service_account.c
    query = sa.select(service_account).where(row.owner_id == person_id, row.active).order_by(row.name)
    return [_account(found) for found in tx.rows(query)]


def account_by_name(tx: Transaction, name: str) -> ServiceAccount:
    row = tx.first(sa.select(service_account).where(service_account.c.name == name))
    if row is None:
        raise TenutoError(PERSON_UNKNOWN, name)
    return _account(row)


def accounts(tx: Transaction) -> list[ServiceAccount]:
    return [_account(row) for row in tx.rows(sa.select(service_account).order_by(service_account.c.name))]


def insert_account(tx: Transaction, new: ServiceAccount) -> None:
    tx.execute(sa.insert(service_account), {"id": new.id, "name": new.name, "owner_id": new.owner_id})


def insert_token(
    tx: Transaction, token_hash: bytes, purpose: TokenPurpose, expires_at: datetime, person_id: str | None
) -> None:
    row = {"hash": token_hash, "purpose": purpose.value, "expires_at": expires_at, "person_id": person_id}
    tx.execute(sa.insert(one_time_token), row)


def spend_token(tx: Transaction, token_hash: bytes, purpose: TokenPurpose) -> Any:
    """Use a token up and return its row; None if it is unknown, used or too old."""
    table = one_time_token.c
    return tx.first(
        sa.update(one_time_token)
        .where(table.hash == token_hash, table.purpose == purpose.value)
        .where(table.used_at.is_(None), table.expires_at > _NOW)
        .values(used_at=_NOW)
        .returning(table.person_id)
    )


def void_invitations(tx: Transaction, person_id: str) -> None:
    """Use up every invitation that a person still holds."""
    table = one_time_token.c
    tx.execute(
        sa.update(one_time_token)
        .where(table.person_id == person_id, table.used_at.is_(None))
        .values(used_at=_NOW)
    )


def insert_session(tx: Transaction, secret_hash: bytes, person_id: str, expires_at: datetime) -> None:
    row = {"hash": secret_hash, "person_id": person_id, "expires_at": expires_at}
    tx.execute(sa.insert(web_session), row)


def session_person(tx: Transaction, secret_hash: bytes) -> Person | None:
    """Return whose session this is, while it lasts and the person is active."""
    query = (
        sa.select(person)
        .join(web_session, web_session.c.person_id == person.c.id)
        .where(web_session.c.hash == secret_hash, web_session.c.ended_at.is_(None))
        .where(web_session.c.expires_at > _NOW, person.c.active)
    )
    row = tx.first(query)
    return _person(row) if row else None


def end_session(tx: Transaction, secret_hash: bytes) -> None:
    tx.execute(sa.update(web_session).where(web_session.c.hash == secret_hash).values(ended_at=_NOW))


def end_sessions(tx: Transaction, person_id: str) -> int:
    """End every session of a person. Returns how many were going on."""
    row = web_session.c
    ended = tx.execute(
        sa.update(web_session)
        .where(row.person_id == person_id, row.ended_at.is_(None), row.expires_at > _NOW)
        .values(ended_at=_NOW)
    )
    return ended.rowcount


def set_active(tx: Transaction, holder: Actor, *, active: bool) -> None:
    table = person if holder.kind is ActorKind.PERSON else service_account
    tx.execute(sa.update(table).where(table.c.id == holder.id).values(active=active))


def insert_key(tx: Transaction, new: KeyInfo, secret_mac: bytes, created_by: str) -> None:
    tx.execute(
        sa.insert(api_key),
        {
            "id": new.id,
            "name": new.name,
            "actor_kind": new.actor.kind.value,
            "actor_id": new.actor.id,
            "workspace_id": new.workspace,
            "purpose": new.purpose.value,
            "secret_mac": secret_mac,
            "models": new.models,
            "created_by": created_by,
            "expires_at": new.expires_at,
        },
    )


def keys(tx: Transaction, workspace: str | None = None) -> list[KeyInfo]:
    query = _keys().order_by(api_key.c.created_at.desc(), api_key.c.id)
    if workspace is not None:
        query = query.where(api_key.c.workspace_id == workspace)
    return [_key(row) for row in tx.rows(query)]


def key_by_id(tx: Transaction, key_id: str) -> KeyInfo:
    row = tx.first(_keys().where(api_key.c.id == key_id))
    if row is None:
        raise TenutoError(KEY_UNKNOWN_ID, key_id[:6])
    return _key(row)


def live_key(tx: Transaction, key_id: str, purpose: KeyPurpose) -> tuple[KeyInfo, bytes] | None:
    """Return a key that may be used now and the MAC of its secret."""
    row = tx.first(
        _keys()
        .where(api_key.c.id == key_id, api_key.c.purpose == purpose.value)
        .where(api_key.c.revoked_at.is_(None), api_key.c.expires_at > _NOW)
        .where(sa.func.coalesce(person.c.active, service_account.c.active))
    )
    return (_key(row), bytes(row.secret_mac)) if row else None


def live_keys_of(tx: Transaction, holder: Actor) -> list[KeyInfo]:
    """Return the keys of somebody that are neither revoked nor expired."""
    row = api_key.c
    query = _keys().where(row.actor_kind == holder.kind.value, row.actor_id == holder.id)
    live = query.where(row.revoked_at.is_(None), row.expires_at > _NOW).order_by(row.created_at, row.id)
    return [_key(found) for found in tx.rows(live)]


def revoke_key(tx: Transaction, key_id: str) -> None:
    tx.execute(
        sa.update(api_key)
        .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
        .values(revoked_at=_NOW)
    )


def _keys() -> sa.Select[Any]:
    holder = sa.and_(api_key.c.actor_kind == "person", person.c.id == api_key.c.actor_id)
    account = sa.and_(api_key.c.actor_kind == "service_account", service_account.c.id == api_key.c.actor_id)
    return (
        sa.select(
            api_key,
            person.c.id.label("person_id"),
            person.c.email,
            person.c.name.label("person_name"),
            service_account.c.name.label("account_name"),
            service_account.c.owner_id,
        )
        .outerjoin(person, holder)
        .outerjoin(service_account, account)
    )


def _key(row: Any) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        name=row.name,
        purpose=KeyPurpose(row.purpose),
        actor=_holder(row),
        workspace=row.workspace_id,
        models=row.models,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _holder(row: Any) -> Actor:
    if row.actor_kind == "person":
        return Person(row.actor_id, row.email, row.person_name, active=True).actor
    return ServiceAccount(row.actor_id, row.account_name, row.owner_id, active=True).actor


def _person(row: Any) -> Person:
    return Person(row.id, row.email, row.name, row.active)


def _account(row: Any) -> ServiceAccount:
    return ServiceAccount(row.id, row.name, row.owner_id, row.active)
