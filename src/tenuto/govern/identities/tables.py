"""People, service accounts, and what proves who they are. Only hashes and MACs of secrets are kept."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from tenuto.store.schema import Id, Timestamp, metadata

_NOW = sa.func.tenuto_now()

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text),
    Column("active", Boolean, nullable=False, server_default=sa.true()),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)

service_account = Table(
    "service_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("owner_id", Id, nullable=False),
    Column("active", Boolean, nullable=False, server_default=sa.true()),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)

one_time_token = Table(
    "one_time_token",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("person_id", Id),
    Column("expires_at", Timestamp, nullable=False),
    Column("used_at", Timestamp),
)

web_session = Table(
    "web_session",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("person_id", Id, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
    Column("expires_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("workspace_id", Id),
    Column("purpose", Text, nullable=False),
    Column("secret_mac", LargeBinary, nullable=False),
    Column("models", ARRAY(Text)),
    Column("created_by", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
    Column("expires_at", Timestamp, nullable=False),
    Column("revoked_at", Timestamp),
    Column("last_used_at", Timestamp),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_at", Timestamp, nullable=False, server_default=_NOW),
    Column("known_until", Timestamp),
)
