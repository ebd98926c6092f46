"""Records commit with their effect; one sequencer gives them their place in the tree afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Identity, LargeBinary, Table, Text

from tenuto.store.schema import Id, Timestamp, metadata

audit_record = Table(
    "audit_record",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id),
    Column("writer", Text, nullable=False),
    Column("writer_seq", BigInteger, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("resource_kind", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)

audit_pending = Table(
    "audit_pending",
    metadata,
    # Numbers of one connection only grow, so a writer's records are sequenced in their own order.
    Column("arrival", BigInteger, Identity(always=True), primary_key=True),
    Column("record_id", Id, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
)

audit_writer = Table(
    "audit_writer",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", Id, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
)

audit_tree = Table(
    "audit_tree",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=sa.true()),
    Column("frontier", LargeBinary, nullable=False),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("published_at", Timestamp),
    Column("created_at", Timestamp, nullable=False, server_default=sa.func.tenuto_now()),
)
