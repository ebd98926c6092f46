"""Who there is, what they may, what is declared, and what happened."""

from __future__ import annotations

from alembic import op

from tenuto.store.migrations.ddl import organisation_table, scoped_table, system_table, workspace_table

revision = "0002"
down_revision = "0001"

ORGANISATION = """
create table organisation (
  id       uuid primary key,
  name     text not null,
  currency text not null,
  founded_at timestamptz not null default tenuto_now()
);
create unique index uq_organisation_only_one on organisation ((true));

create table workspace (
  id          uuid primary key,
  project     text not null,
  name        text not null unique,
  environment text not null check (environment in ('development', 'staging', 'test', 'production')),
  separation_of_duties boolean not null default true,
  created_at  timestamptz not null default tenuto_now(),
  archived_at timestamptz,
  check (separation_of_duties or environment <> 'production')
);
"""

IDENTITIES = """
create table person (
  id            uuid primary key,
  email         text not null unique,
  name          text not null,
  password_hash text,
  active        boolean not null default true,
  created_at    timestamptz not null default tenuto_now()
);

create table service_account (
  id         uuid primary key,
  name       text not null unique,
  owner_id   uuid not null references person,
  active     boolean not null default true,
  created_at timestamptz not null default tenuto_now()
);

create table one_time_token (
  hash       bytea primary key,
  purpose    text not null check (purpose in ('bootstrap', 'invitation')),
  person_id  uuid references person,
  expires_at timestamptz not null,
  used_at    timestamptz
);

create table web_session (
  hash       bytea primary key,
  person_id  uuid not null references person,
  created_at timestamptz not null default tenuto_now(),
  expires_at timestamptz not null,
  ended_at   timestamptz
);
create index ix_web_session_person_id on web_session (person_id);

create table sign_in_attempt (
  name        bytea primary key,
  failures    integer not null default 0 check (failures >= 0),
  last_at     timestamptz not null default tenuto_now(),
  known_until timestamptz
);
create index ix_sign_in_attempt_last_at on sign_in_attempt (last_at);

create table api_key (
  id           text primary key,
  name         text not null,
  actor_kind   text not null check (actor_kind in ('person', 'service_account')),
  actor_id     uuid not null,
  workspace_id uuid references workspace,
  purpose      text not null check (purpose in ('platform', 'gateway')),
  secret_mac   bytea not null,
  models       text[],
  created_by   text not null,
  created_at   timestamptz not null default tenuto_now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  check (purpose = 'platform' or workspace_id is not null)
);
create index ix_api_key_actor_id on api_key (actor_id);

create table role_binding (
  id            uuid primary key,
  subject_kind  text not null check (subject_kind in ('person', 'service_account')),
  subject_id    uuid not null,
  role          text not null,
  workspace_id  uuid references workspace,
  resource_kind text,
  resource_id   text,
  created_by    text not null,
  created_at    timestamptz not null default tenuto_now(),
  check ((resource_kind is null) = (resource_id is null))
);
create unique index uq_role_binding_grant on role_binding
  (subject_id, role, workspace_id, resource_kind, resource_id) nulls not distinct;

create table policy_state (
  singleton boolean primary key default true check (singleton),
  version bigint not null
);
create sequence policy_version start 2;
insert into policy_state (version) values (1);
"""

SECRETS = """
create table secret (
  id           uuid primary key,
  workspace_id uuid references workspace,
  name         text not null,
  version      integer not null,
  envelope     bytea not null,
  updated_at   timestamptz not null default tenuto_now()
);
create unique index uq_secret_name on secret (workspace_id, name) nulls not distinct;
"""

RESOURCES = """
create table resource (
  id           uuid primary key,
  workspace_id uuid references workspace,
  kind         text not null,
  name         text not null,
  version      bigint not null,
  spec         jsonb not null,
  author       text not null,
  updated_at   timestamptz not null default tenuto_now()
);
create unique index uq_resource_name on resource (workspace_id, kind, name) nulls not distinct;

create table resource_revision (
  resource_id  uuid not null,
  version      bigint not null,
  workspace_id uuid references workspace,
  kind         text not null,
  name         text not null,
  spec         jsonb,
  author       text not null,
  created_at   timestamptz not null default tenuto_now(),
  primary key (resource_id, version)
);
create unique index uq_resource_revision_name on resource_revision
  (workspace_id, kind, name, version) nulls not distinct;
"""

APPROVALS = """
create table approval (
  id             uuid primary key,
  workspace_id   uuid not null references workspace,
  action         text not null,
  subject_kind   text not null,
  subject_id     uuid not null,
  subject_name   text not null,
  subject_digest text not null,
  requested_by   text not null,
  authors        text[] not null,
  evidence       jsonb not null,
  state          text not null check (state in ('waiting', 'approved', 'refused', 'superseded')),
  decided_by     text,
  comment        text,
  created_at     timestamptz not null default tenuto_now(),
  decided_at     timestamptz
);
create index ix_approval_subject on approval (workspace_id, subject_id, created_at);
create unique index uq_approval_waiting on approval (workspace_id, action, subject_id) where state = 'waiting';
"""

AUDIT = """
create table audit_record (
  id           uuid primary key,
  workspace_id uuid,
  writer       text not null,
  writer_seq   bigint not null,
  at           timestamptz not null,
  actor_kind   text not null,
  actor_id     text not null,
  action       text not null,
  resource_kind text not null,
  resource_id  text not null,
  effect       text not null,
  request_id   text not null,
  body         bytea not null,
  leaf         bytea not null,
  unique (writer, writer_seq)
);
create index ix_audit_record_at on audit_record (workspace_id, at desc);
create index ix_audit_record_resource on audit_record (resource_kind, resource_id, at desc);
create index ix_audit_record_request on audit_record (request_id);

create table audit_pending (
  arrival    bigint generated always as identity primary key,
  record_id  uuid not null unique,
  leaf       bytea not null
);

create table audit_writer (
  writer text primary key,
  count  bigint not null
);

create table audit_entry (
  seq       bigint primary key,
  record_id uuid not null unique,
  leaf      bytea not null
);

create table audit_tree (
  singleton boolean primary key default true check (singleton),
  frontier bytea not null
);

create table audit_checkpoint (
  size       bigint primary key,
  note       text not null,
  published_at timestamptz,
  created_at timestamptz not null default tenuto_now()
);
"""


def upgrade() -> None:
    op.execute(ORGANISATION)
    organisation_table("organisation")
    organisation_table("workspace")
    op.execute(IDENTITIES)
    for name in (
        "person",
        "service_account",
        "one_time_token",
        "web_session",
        "sign_in_attempt",
        "api_key",
        "role_binding",
        "policy_state",
    ):
        organisation_table(name)
    op.execute("grant usage on sequence policy_version to tenuto_app, tenuto_system")
    op.execute(SECRETS)
    scoped_table("secret")
    op.execute(RESOURCES)
    scoped_table("resource")
    scoped_table("resource_revision", append_only=True)
    op.execute(APPROVALS)
    workspace_table("approval")
    op.execute(AUDIT)
    scoped_table("audit_record", append_only=True)
    system_table("audit_pending", app="insert")
    system_table("audit_writer", app="select, insert, update")
    system_table("audit_entry", app="select")
    system_table("audit_tree")
    system_table("audit_checkpoint", app="select")
