"""Prices, budgets with their periods, reservations, and the append-only ledger."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import organisation_table, workspace_table

revision = "0003"
down_revision = "0002"

PRICE = """
create table price (
  resource_id  uuid not null,
  version      bigint not null,
  provider     text not null,
  model        text not null,
  input        numeric(38, 12) not null,
  cached_input numeric(38, 12),
  output       numeric(38, 12) not null,
  valid_from   timestamptz not null,
  primary key (resource_id, version)
);
create index ix_price_model on price (provider, model, valid_from desc);
"""

BUDGET = """
create table budget (
  id           uuid primary key,
  workspace_id uuid not null references workspace,
  name         text not null,
  amount       numeric(38, 12) not null,
  period       text not null check (period in ('day', 'month', 'total')),
  hard         boolean not null,
  thresholds   integer[] not null,
  key_id       text,
  actor_id     text,
  route        text
);
create index ix_budget_workspace on budget (workspace_id);

create table budget_period (
  budget_id    uuid not null references budget on delete cascade,
  starts_at    timestamptz not null,
  workspace_id uuid not null references workspace,
  reserved     numeric(38, 12) not null default 0 check (reserved >= 0),
  spent        numeric(38, 12) not null default 0 check (spent >= 0),
  fired        integer[] not null default '{}',
  primary key (budget_id, starts_at)
);
"""

RESERVATION = """
create table reservation (
  request_id   uuid primary key,
  workspace_id uuid not null references workspace,
  amount       numeric(38, 12) not null check (amount >= 0),
  budgets      uuid[] not null,
  starts       timestamptz[] not null,
  route        text not null,
  actor_id     text not null,
  key_id       text not null,
  provider     text not null,
  model        text not null,
  input_tokens bigint not null,
  prices       jsonb not null,
  created_at   timestamptz not null default tenuto_now(),
  expires_at   timestamptz not null,
  settled_at   timestamptz,
  reclaimed    boolean not null default false
);
create index ix_reservation_open on reservation (expires_at) where settled_at is null;
"""

LEDGER = """
create table usage_record (
  request_id    uuid not null,
  revision      integer not null default 1 check (revision >= 1),
  workspace_id  uuid not null references workspace,
  at            timestamptz not null default tenuto_now(),
  actor_id      text not null,
  key_id        text not null,
  route         text not null,
  provider      text not null,
  model         text not null,
  status        text not null,
  error         text,
  streamed      boolean not null,
  attempts      integer not null,
  input_tokens  bigint not null check (input_tokens >= 0),
  cached_input_tokens bigint not null check (cached_input_tokens >= 0),
  output_tokens bigint not null check (output_tokens >= 0),
  reasoning_tokens bigint not null check (reasoning_tokens >= 0),
  usage_source  text not null check (usage_source in ('provider', 'estimated')),
  cost          numeric(38, 12),
  price_source  text not null,
  duration_ms   bigint not null,
  overhead_us   bigint not null,
  client_request_id text,
  primary key (request_id, revision)
);
create index ix_usage_record_at on usage_record (workspace_id, at desc);
create index ix_usage_record_actor on usage_record (workspace_id, actor_id, at desc);
"""


def upgrade() -> None:
    op.execute(PRICE)
    organisation_table("price")
    op.execute(BUDGET)
    workspace_table("budget")
    workspace_table("budget_period")
    op.execute(RESERVATION)
    workspace_table("reservation")
    op.execute(LEDGER)
    workspace_table("usage_record", append_only=True)
