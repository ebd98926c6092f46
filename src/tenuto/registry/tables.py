"""Tables of what was made. Versions are append-only; only a model's stage moves."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenuto.store.schema import Id, Timestamp, metadata, workspace_column

_NOW = sa.func.tenuto_now()

artifact = Table(
    "artifact",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("producer", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)

dataset_version = Table(
    "dataset_version",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("schema", JSONB, nullable=False),
    Column("profile", JSONB, nullable=False),
    Column("provenance", JSONB, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)

model_version = Table(
    "model_version",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("signature", JSONB, nullable=False),
    Column("metrics", JSONB, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("attestation", Text, nullable=False),
    Column("authors", ARRAY(Text), nullable=False),
    Column("producer", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)

model_stage = Table(
    "model_stage",
    metadata,
    Column("model_version_id", Id, primary_key=True),
    workspace_column(),
    Column("stage", Text, nullable=False),
    Column("gate", JSONB),
    Column("changed_at", Timestamp, nullable=False, server_default=_NOW),
)

lineage_edge = Table(
    "lineage_edge",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("from_kind", Text, primary_key=True),
    Column("from_id", Text, primary_key=True),
    Column("to_kind", Text, primary_key=True),
    Column("to_id", Text, primary_key=True),
    Column("relation", Text, primary_key=True),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)
