"""Names of endpoints, which are unique in an installation because one prediction server answers for all."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from tenuto.store.schema import Id, metadata

endpoint_name = Table(
    "endpoint_name",
    metadata,
    Column("name", Text, primary_key=True),
    Column("endpoint_id", Id, nullable=False, unique=True),
)
