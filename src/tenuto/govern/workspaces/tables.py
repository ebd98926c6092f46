"""The organisation and its workspaces. A workspace has exactly one environment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Table, Text

from tenuto.store.schema import Id, Timestamp, metadata

organisation = Table(
    "organisation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("founded_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)

workspace = Table(
    "workspace",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("environment", Text, nullable=False),
    Column("separation_of_duties", Boolean, nullable=False, server_default=sa.true()),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
    Column("archived_at", Timestamp),
)
