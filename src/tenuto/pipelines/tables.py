"""The journal of runs. What is written here is the truth; a worker's memory is not."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenuto.store.schema import Id, Timestamp, metadata, workspace_column

_NOW = sa.func.tenuto_now()

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("pipeline", Text, nullable=False),
    Column("graph", JSONB, nullable=False),
    Column("code", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("cancelled", Boolean, nullable=False, server_default=sa.false()),
    Column("actor", JSONB, nullable=False),
    Column("authors", ARRAY(Text), nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("holder", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", Timestamp),
    Column("wake_at", Timestamp),
    Column("fault", Text),
)

# ``item`` is -1 for a node that is not mapped: a key column cannot be null.
run_task = Table(
    "run_task",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("item", Integer, primary_key=True),
    workspace_column(),
    Column("state", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("executions", Integer, nullable=False, server_default="0"),
    Column("step_key", Text),
    Column("key_parts", JSONB(none_as_null=True)),
    Column("cache", Text, nullable=False, server_default="none"),
    Column("why", ARRAY(Text), nullable=False, server_default="{}"),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("usage", JSONB(none_as_null=True)),
)

run_expansion = Table(
    "run_expansion",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("node", Text, primary_key=True),
    workspace_column(),
    Column("items", JSONB, nullable=False),
)

run_log = Table(
    "run_log",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("attempt", Id, primary_key=True),
    workspace_column(),
    Column("text", Text, nullable=False),
    Column("at", Timestamp, nullable=False, server_default=_NOW),
)

step_result = Table(
    "step_result",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("step_key", Text, primary_key=True),
    Column("step", Text, nullable=False),
    Column("key_parts", JSONB, nullable=False),
    Column("outputs", JSONB, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
)
