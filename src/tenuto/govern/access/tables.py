"""Who holds which role where, and the counter that tells every process when that changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from tenuto.store.schema import Id, Timestamp, metadata

role_binding = Table(
    "role_binding",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("role", Text, nullable=False),
    Column("workspace_id", Id),
    Column("resource_kind", Text),
    Column("resource_id", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)

policy_state = Table(
    "policy_state",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=sa.true()),
    Column("version", BigInteger, nullable=False),
)
