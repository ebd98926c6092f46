"""The database's own floor: the clock, the append-only guard, outbox, leases."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import scoped_table, system_table

revision = "0001"
down_revision = None

FUNCTIONS = """
create function tenuto_now() returns timestamptz language sql stable as $$
  select clock_timestamp() + coalesce(nullif(current_setting('tenuto.clock_shift', true), ''), '0')::interval
$$;

create function tenuto_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'restrict_violation';
end
$$;
"""

OUTBOX = """
create table outbox_event (
  seq          bigint generated always as identity primary key,
  id           uuid not null,
  workspace_id uuid,
  type         text not null,
  subject      text not null,
  version      integer not null,
  data         jsonb not null,
  created_at   timestamptz not null default tenuto_now(),
  delivered_at timestamptz
);
create index ix_outbox_event_waiting on outbox_event (seq) where delivered_at is null;
"""

LEASE = """
create table lease (
  name       text primary key,
  holder     text not null,
  fence      bigint not null,
  expires_at timestamptz not null
);
"""


def upgrade() -> None:
    op.execute("grant usage on schema public to tenuto_app, tenuto_system")
    op.execute(FUNCTIONS)
    op.execute(OUTBOX)
    scoped_table("outbox_event")
    op.execute(LEASE)
    system_table("lease")
