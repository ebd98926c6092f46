"""The journal of runs, and the results that need not be made again."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import workspace_table

revision = "0007"
down_revision = "0006"

RUN = """
create table run (
  id           uuid primary key,
  workspace_id uuid not null references workspace,
  pipeline     text not null,
  graph        jsonb not null,
  code         text not null,
  parameters   jsonb not null,
  seed         bigint not null,
  status       text not null check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  cancelled    boolean not null default false,
  actor        jsonb not null,
  authors      text[] not null,
  created_at   timestamptz not null default tenuto_now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  holder       text,
  fence        bigint not null default 0,
  lease_until  timestamptz,
  wake_at      timestamptz,
  fault        text
);
create index ix_run_open on run (created_at) where status in ('queued', 'running');
create index ix_run_newest on run (workspace_id, created_at desc);
"""

TASK = """
create table run_task (
  run_id       uuid not null references run,
  node         text not null,
  item         integer not null,
  workspace_id uuid not null references workspace,
  state        jsonb not null,
  status       text not null,
  executions   integer not null default 0,
  step_key     text,
  key_parts    jsonb,
  cache        text not null default 'none' check (cache in ('none', 'hit', 'miss', 'off')),
  why          text[] not null default '{}',
  started_at   timestamptz,
  finished_at  timestamptz,
  usage        jsonb,
  primary key (run_id, node, item)
);

create table run_expansion (
  run_id       uuid not null references run,
  node         text not null,
  workspace_id uuid not null references workspace,
  items        jsonb not null,
  primary key (run_id, node)
);

create table run_log (
  run_id       uuid not null references run,
  node         text not null,
  attempt      uuid not null,
  workspace_id uuid not null references workspace,
  text         text not null,
  at           timestamptz not null default tenuto_now(),
  primary key (run_id, node, attempt)
);
"""

RESULT = """
create table step_result (
  workspace_id uuid not null references workspace,
  step_key     text not null,
  step         text not null,
  key_parts    jsonb not null,
  outputs      jsonb not null,
  run_id       uuid not null,
  created_at   timestamptz not null default tenuto_now(),
  primary key (workspace_id, step_key)
);
create index ix_step_result_step on step_result (workspace_id, step, created_at desc);
"""


def upgrade() -> None:
    op.execute(RUN)
    workspace_table("run")
    op.execute(TASK)
    workspace_table("run_task")
    workspace_table("run_expansion")
    workspace_table("run_log")
    op.execute(RESULT)
    workspace_table("step_result")
