"""Names of endpoints, and the predictions they were asked for."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import organisation_table, workspace_table

revision = "0006"
down_revision = "0004"

ENDPOINT_NAME = """
create table endpoint_name (
  name        text primary key,
  endpoint_id uuid not null unique
);
"""


PREDICTION = """
create table prediction (
  id           uuid primary key,
  workspace_id uuid not null,
  endpoint     text not null,
  version      text not null,
  request_id   text not null,
  actor_id     text not null,
  key_id       text not null,
  rows         integer not null,
  duration_us  bigint not null,
  status       integer not null,
  code         text not null,
  at           timestamptz not null
);
create index ix_prediction_endpoint on prediction (workspace_id, endpoint, at);
create index ix_prediction_at on prediction using brin (at);
"""


def upgrade() -> None:
    op.execute(ENDPOINT_NAME)
    organisation_table("endpoint_name")
    op.execute(PREDICTION)
    workspace_table("prediction")
