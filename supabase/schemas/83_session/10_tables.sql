-- Sessions: a row for each running process of a project. It is alive while its beats come; who is late has to open a new
-- session, so that everything it held under the old one is refused.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('session:run', 'Open and keep sessions of running processes', '{operator,admin,owner}', true, null);

-- Domains and not checks of the table: those would be read and made again for each beat, of columns that it leaves alone.
create domain core.session_fingerprint as text collate "C"
  constraint session_fingerprint_form check (length(value) = 64 and value !~ '[^0-9a-f]');
create domain core.session_kind as text constraint session_kind_form check (value ~ '^[a-z][a-z0-9_-]{0,49}$');
create domain core.session_status as text
  constraint session_status_known check (value in ('starting', 'online', 'degraded', 'maintenance'));

create table core.session (
  id uuid constraint session_pkey primary key default core.new_id(),
  project text collate "C" not null,
  key text not null,
  fingerprint core.session_fingerprint not null,
  kind core.session_kind not null,
  name text,
  version text,
  status core.session_status not null,
  fence bigint not null default nextval('core.fence'),
  ttl_s int not null,
  requests bigint not null default 0,
  errors bigint not null default 0,
  p95_ms double precision,
  target_p95_ms double precision,
  backlog bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp(),
  progress_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null,
  opened_by text not null default core.actor(),
  constraint session_once unique (project, fingerprint)
) with (fillfactor = 70);
comment on table core.session is 'Running processes by project and fingerprint. A session whose ends_at has passed is over, also before it is swept.';
comment on column core.session.fingerprint is 'SHA-256 of what makes a process this one: boot, namespace, pid, start time, kind.';
comment on column core.session.key is 'The idempotency key that opened it.';
comment on column core.session.progress_at is 'When the process last got work done: one that beats without progress is hung.';
