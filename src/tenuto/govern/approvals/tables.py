"""Decisions of people about one digest and its evidence."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenuto.store.schema import Id, Timestamp, metadata, workspace_column

approval = Table(
    "approval",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("subject_digest", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("authors", ARRAY(Text), nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("comment", Text),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
    Column("decided_at", Timestamp),
)
