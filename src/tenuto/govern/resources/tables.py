"""What is declared now, and every revision it went through."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from tenuto.store.schema import Id, Timestamp, metadata

resource = Table(
    "resource",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("updated_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)

resource_revision = Table(
    "resource_revision",
    metadata,
    Column("resource_id", Id, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("workspace_id", Id),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # None marks a deletion.
    Column("spec", JSONB(none_as_null=True)),
    Column("author", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)
