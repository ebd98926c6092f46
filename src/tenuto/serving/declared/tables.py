"""Names of endpoints, which are unique in an installation because one prediction server answers for all; and the
predictions they were asked for.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tenuto.store.schema import Id, Timestamp, metadata, workspace_column

endpoint_name = Table(
    "endpoint_name",
    metadata,
    Column("name", Text, primary_key=True),
    Column("endpoint_id", Id, nullable=False, unique=True),
)

# Who asked which endpoint, and how it went; what was asked and answered is not kept here.
prediction = Table(
    "prediction",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("endpoint", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("at", Timestamp, nullable=False),
)
