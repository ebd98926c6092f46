"""Artifacts under their digest, dataset and model versions, and the lineage between them."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import workspace_table

revision = "0004"
down_revision = "0003"

ARTIFACT = """
create table artifact (
  id           uuid primary key,
  workspace_id uuid not null references workspace,
  kind         text not null,
  digest       text not null,
  size         bigint not null,
  media_type   text not null,
  name         text not null,
  producer     text not null,
  created_by   text not null,
  created_at   timestamptz not null default tenuto_now()
);
create index ix_artifact_digest on artifact (workspace_id, digest);
"""

DATASET = """
create table dataset_version (
  id           uuid primary key,
  workspace_id uuid not null references workspace,
  name         text not null,
  version      integer not null,
  digest       text not null,
  rows         bigint not null,
  schema       jsonb not null,
  profile      jsonb not null,
  provenance   jsonb not null,
  created_by   text not null,
  created_at   timestamptz not null default tenuto_now(),
  unique (workspace_id, name, version)
);
create index ix_dataset_version_digest on dataset_version (workspace_id, digest);
"""

MODEL = """
create table model_version (
  id           uuid primary key,
  workspace_id uuid not null references workspace,
  name         text not null,
  version      integer not null,
  digest       text not null,
  format       text not null,
  signature    jsonb not null,
  metrics      jsonb not null,
  evidence     jsonb not null,
  attestation  text not null,
  authors      text[] not null,
  producer     text not null,
  created_at   timestamptz not null default tenuto_now(),
  unique (workspace_id, name, version)
);
create index ix_model_version_digest on model_version (workspace_id, digest);
create unique index uq_model_version_producer on model_version (workspace_id, producer)
  where producer like 'run:%';

create table model_stage (
  model_version_id uuid primary key references model_version,
  workspace_id     uuid not null references workspace,
  stage            text not null check (stage in ('registered', 'gated', 'blocked', 'approved', 'refused')),
  gate             jsonb,
  changed_at       timestamptz not null default tenuto_now()
);
"""

LINEAGE = """
create table lineage_edge (
  workspace_id uuid not null references workspace,
  from_kind    text not null,
  from_id      text not null,
  to_kind      text not null,
  to_id        text not null,
  relation     text not null,
  created_at   timestamptz not null default tenuto_now(),
  primary key (workspace_id, from_kind, from_id, to_kind, to_id, relation)
);
create index ix_lineage_edge_to on lineage_edge (workspace_id, to_kind, to_id);
"""


def upgrade() -> None:
    op.execute(ARTIFACT)
    workspace_table("artifact", append_only=True)
    op.execute(DATASET)
    workspace_table("dataset_version", append_only=True)
    op.execute(MODEL)
    workspace_table("model_version", append_only=True)
    workspace_table("model_stage")
    op.execute(LINEAGE)
    workspace_table("lineage_edge", append_only=True)
