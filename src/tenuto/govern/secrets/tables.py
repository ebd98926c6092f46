"""Secrets as envelopes: only ciphertext bound to its row."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from tenuto.store.schema import Id, Timestamp, metadata

secret = Table(
    "secret",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("updated_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)
