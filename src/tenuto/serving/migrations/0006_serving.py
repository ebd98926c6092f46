"""Names of endpoints."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import organisation_table

revision = "0006"
down_revision = "0004"

ENDPOINT_NAME = """
create table endpoint_name (
  name        text primary key,
  endpoint_id uuid not null unique
);
"""


def upgrade() -> None:
    op.execute(ENDPOINT_NAME)
    organisation_table("endpoint_name")
