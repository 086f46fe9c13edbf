-- Tasks: a queue whose workers hold a task by a lease and a fence. What is open and what has ended are in two tables, so
-- that a claim costs the same however much was ever done.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('task:enqueue', 'Enqueue tasks and read them', '{operator,admin,owner}', true, null),
  ('task:work', 'Claim tasks and report what became of them', '{operator,admin,owner}', true, 'task'),
  ('task:operate', 'Cancel and retry tasks, set how many of a group run at a time', '{operator,admin,owner}', false, null);

insert into core.share_kind (name, rights, summary) values
  ('queue', '{write,work}', 'A queue of tasks: write enqueues, work claims its tasks and reports what became of them');

-- Domains and not checks of the table: those would be read and made again for each claim, of columns that it leaves alone.
create domain core.open_task_state as text
  constraint task_state_known check (value in ('ready', 'scheduled', 'pending', 'blocked', 'running'));
create domain core.task_needs as int constraint task_needs_positive check (value >= 0);

create table core.task (
  id uuid constraint task_pkey primary key default core.new_id(),
  project text collate "C" not null,
  queue text collate "C" not null,
  key text not null,
  kind text not null,
  payload jsonb not null,
  state core.open_task_state not null,
  priority smallint not null,
  run_at timestamptz not null,
  group_name text collate "C",
  unique_key text collate "C",
  open_needs core.task_needs not null default 0,
  failed_needs core.task_needs not null default 0,
  attempt int not null default 0,
  max_attempts int not null,
  backoff_ms int not null,
  error text,
  progress jsonb,
  worker text,
  session uuid,
  fence bigint,
  leased_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  claimed_at timestamptz
) with (fillfactor = 80);
comment on table core.task is 'Tasks that have not ended. ready: may be claimed; scheduled: at run_at; pending: needs are open; blocked: a need is dead or cancelled.';
comment on column core.task.fence is 'Of the claim that holds it. Every write of its worker carries it.';
create index task_ready_idx on core.task (project, queue, priority, run_at, id) where state = 'ready' and group_name is null;
create index task_group_idx on core.task (project, queue, group_name, priority, run_at, id) where state = 'ready' and group_name is not null;
create index task_scheduled_idx on core.task (project, queue, run_at) where state = 'scheduled';
create index task_lease_idx on core.task (project, queue, leased_until) where state = 'running';
create index task_needy_idx on core.task (project, queue) where state in ('pending', 'blocked');
create unique index task_unique_idx on core.task (project, queue, unique_key) where unique_key is not null;

create table core.task_done (
  id uuid constraint task_done_pkey primary key,
  project text collate "C" not null,
  queue text collate "C" not null,
  key text not null,
  kind text not null,
  payload jsonb not null,
  status text collate "C" not null constraint task_done_status check (status in ('done', 'dead', 'cancelled')),
  priority smallint not null,
  group_name text,
  unique_key text,
  failed_needs int not null default 0,
  attempt int not null,
  max_attempts int not null,
  backoff_ms int not null,
  result jsonb,
  error text,
  worker text,
  session uuid,
  fence bigint,
  created_at timestamptz not null,
  created_by text not null,
  finished_at timestamptz not null default clock_timestamp()
);
comment on table core.task_done is 'Tasks that have ended, until their retention is over.';
create index task_done_age_idx on core.task_done (finished_at);
create index task_done_list_idx on core.task_done (project, queue, id);
create index task_done_failed_idx on core.task_done (project, status, id) include (queue) where status <> 'done';

-- Apart from the tasks, because an index of theirs is written again by every claim and by every end.
create table core.task_key (
  key text collate "C" not null,
  project text collate "C" not null,
  task uuid not null,
  constraint task_key_pkey primary key (key, project)
);
comment on table core.task_key is 'Which task a key names, open or ended. Goes when the task is forgotten.';

create table core.task_need (
  need uuid not null,
  task uuid not null,
  constraint task_need_pkey primary key (need, task)
);
comment on table core.task_need is 'Which open tasks wait for which. Rows go with the task that waits.';
create index task_need_task_idx on core.task_need (task);

create table core.task_slot (
  project text collate "C" not null,
  queue text collate "C" not null,
  group_name text collate "C" not null,
  slot int not null constraint task_slot_positive check (slot >= 1),
  task uuid,
  constraint task_slot_pkey primary key (project, queue, group_name, slot)
);
comment on table core.task_slot is 'As many rows for a group as may run at a time: a claim takes one, and so no count can be raced.';
create unique index task_slot_task_idx on core.task_slot (task) where task is not null;

create table core.task_group (
  project text collate "C" not null,
  queue text collate "C" not null,
  group_name text collate "C" not null,
  concurrency int not null constraint task_group_concurrency check (concurrency between 1 and 1000),
  constraint task_group_pkey primary key (project, queue, group_name)
);
comment on table core.task_group is 'Groups that run more than one task at a time.';

create table core.task_count (
  project text collate "C" not null,
  queue text collate "C" not null,
  ready bigint not null,
  waiting bigint not null,
  running bigint not null,
  blocked bigint not null,
  dead bigint not null default 0,
  oldest_at timestamptz,
  counted_at timestamptz not null,
  constraint task_count_pkey primary key (project, queue)
);
comment on table core.task_count is 'How much is open in each queue, as of the last count.';
comment on column core.task_count.dead is 'Tasks that ended as dead and are kept.';
comment on column core.task_count.oldest_at is 'Since when the task waits that is ready the longest.';
