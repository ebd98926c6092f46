"""Tables of money. Amounts are exact to twelve places."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenuto.store.schema import Amount, Id, Timestamp, metadata, workspace_column

_NOW = sa.func.tenuto_now()

price = Table(
    "price",
    metadata,
    Column("resource_id", Id, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("input", Amount, nullable=False),
    Column("cached_input", Amount),
    Column("output", Amount, nullable=False),
    Column("valid_from", Timestamp, nullable=False),
)

budget = Table(
    "budget",
    metadata,
    Column("id", Id, primary_key=True),
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("period", Text, nullable=False),
    Column("hard", Boolean, nullable=False),
    Column("thresholds", ARRAY(Integer), nullable=False),
    Column("key_id", Text),
    Column("actor_id", Text),
    Column("route", Text),
)

budget_period = Table(
    "budget_period",
    metadata,
    Column("budget_id", Id, primary_key=True),
    Column("starts_at", Timestamp, primary_key=True),
    workspace_column(),
    Column("reserved", Amount, nullable=False, server_default="0"),
    Column("spent", Amount, nullable=False, server_default="0"),
    Column("fired", ARRAY(Integer), nullable=False, server_default="{}"),
)

reservation = Table(
    "reservation",
    metadata,
    Column("request_id", Id, primary_key=True),
    workspace_column(),
    Column("amount", Amount, nullable=False),
    Column("budgets", ARRAY(Uuid(as_uuid=False)), nullable=False),
    Column("starts", ARRAY(Timestamp), nullable=False),
    Column("route", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    # Those in force when the call was reserved: what is declared afterwards is for later calls.
    Column("prices", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=_NOW),
    Column("expires_at", Timestamp, nullable=False),
    Column("settled_at", Timestamp),
    # Settled with an estimate, because nobody did in time.
    Column("reclaimed", Boolean, nullable=False, server_default=sa.false()),
)

usage_record = Table(
    "usage_record",
    metadata,
    Column("request_id", Id, primary_key=True),
    # A late settlement is a revision of what was estimated; the highest one counts.
    Column("revision", Integer, primary_key=True, server_default="1"),
    workspace_column(),
    Column("at", Timestamp, nullable=False, server_default=_NOW),
    Column("actor_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("streamed", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("usage_source", Text, nullable=False),
    Column("cost", Amount),
    Column("price_source", Text, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("overhead_us", BigInteger, nullable=False),
    Column("client_request_id", Text),
)
