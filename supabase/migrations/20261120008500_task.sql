-- Generated from supabase/schemas/84_task by `npm run generate`. Do not edit.

-- supabase/schemas/84_task/10_tables.sql

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

-- supabase/schemas/84_task/20_enqueue.sql

create function core.task_view(p_task core.task) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('task', p_task.id, 'project', p_task.project, 'queue', p_task.queue, 'kind', p_task.kind, 'payload', p_task.payload,
    'status', p_task.state, 'priority', p_task.priority, 'run_at', p_task.run_at, 'group', p_task.group_name, 'unique_key', p_task.unique_key,
    'open_needs', p_task.open_needs, 'failed_needs', p_task.failed_needs, 'attempt', p_task.attempt, 'max_attempts', p_task.max_attempts,
    'error', p_task.error, 'result', null, 'progress', p_task.progress, 'worker', p_task.worker, 'leased_until', p_task.leased_until,
    'created_at', p_task.created_at, 'finished_at', null)
$$;
comment on function core.task_view is 'An open task as the API shows it.';

create function core.task_done_view(p_task core.task_done) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('task', p_task.id, 'project', p_task.project, 'queue', p_task.queue, 'kind', p_task.kind, 'payload', p_task.payload,
    'status', p_task.status, 'priority', p_task.priority, 'run_at', null, 'group', p_task.group_name, 'unique_key', p_task.unique_key,
    'open_needs', 0, 'failed_needs', p_task.failed_needs, 'attempt', p_task.attempt, 'max_attempts', p_task.max_attempts,
    'error', p_task.error, 'result', p_task.result, 'progress', null, 'worker', p_task.worker, 'leased_until', null,
    'created_at', p_task.created_at, 'finished_at', p_task.finished_at)
$$;
comment on function core.task_done_view is 'A task that has ended as the API shows it.';

-- What an open task is when no worker has it.
create function core.task_state(p_open_needs int, p_failed_needs int, p_run_at timestamptz) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when p_failed_needs > 0 then 'blocked' when p_open_needs > 0 then 'pending' when p_run_at > clock_timestamp() then 'scheduled' else 'ready' end
$$;
comment on function core.task_state is 'The state of a task that is not running.';

-- One field of a task that is enqueued, checked. PT400 names its place.
create function core.task_field(p_at int, p_task jsonb, p_name text, p_type text) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_value jsonb := p_task -> p_name;
begin
  if v_value is null or v_value = 'null' then return null; end if;
  if jsonb_typeof(v_value) <> p_type then
    perform core.refuse('PT400', 'invalid_task', format('tasks[%s].%s must be a JSON %s', p_at, p_name, p_type), null,
      jsonb_build_object('field', format('tasks[%s].%s', p_at, p_name)));
  end if;
  return v_value;
end
$$;
comment on function core.task_field is 'A field of one of several tasks, null where it is missing.';

-- Raises PT400 or PT413 that names the first field that is wrong. True: the tasks are plain, they have a key, a kind, a payload
-- and a priority and no other field.
create function core.task_require_tasks(p_tasks jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_task jsonb;
  v_at int := 0;
  v_name text;
  v_unknown text;
begin
  v_ok := core.require_exact('tasks', p_tasks);
  if p_tasks is null or jsonb_typeof(p_tasks) <> 'array' or jsonb_array_length(p_tasks) = 0 then
    perform core.refuse('PT400', 'invalid_tasks', 'tasks must be a list of at least one', null, jsonb_build_object('field', 'tasks'));
  elsif jsonb_array_length(p_tasks) > 1000 then
    perform core.refuse('PT413', 'too_many_tasks', format('at most 1000 tasks in one call, got %s', jsonb_array_length(p_tasks)),
      'Send them in several calls.', jsonb_build_object('field', 'tasks', 'limit', 1000));
  end if;
  -- Most calls have these fields alone, and are in order: one statement for all of them. What is wrong is found one by one.
  if (
    select bool_and(coalesce(jsonb_typeof(v) = 'object' and v - '{key,kind,payload,priority}'::text[] = '{}'
      and jsonb_typeof(v -> 'key') = 'string' and length(v ->> 'key') between 1 and 200
      and jsonb_typeof(v -> 'kind') = 'string' and v ->> 'kind' ~ '^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$' and length(v ->> 'kind') <= 200
      and octet_length(coalesce((v -> 'payload')::text, '')) <= 65536
      and case jsonb_typeof(v -> 'priority') when 'number' then (v ->> 'priority')::numeric between 0 and 1000 and (v ->> 'priority')::numeric % 1 = 0 else v -> 'priority' is null end, false))
    from jsonb_array_elements(p_tasks) v) then
    return true;
  end if;
  for v_task in select value from jsonb_array_elements(p_tasks) loop
    if jsonb_typeof(v_task) <> 'object' then
      perform core.refuse('PT400', 'invalid_task', format('tasks[%s] must be a JSON object', v_at), null, jsonb_build_object('field', format('tasks[%s]', v_at)));
    end if;
    select k into v_unknown from jsonb_object_keys(v_task) k
    where k <> all (array['key', 'kind', 'payload', 'priority', 'run_at', 'delay_ms', 'unique_key', 'group', 'needs', 'max_attempts', 'backoff_ms']) limit 1;
    if v_unknown is not null then
      perform core.refuse('PT400', 'invalid_task', format('tasks[%s] has the unknown field %s', v_at, quote_literal(left(v_unknown, 100))), null,
        jsonb_build_object('field', format('tasks[%s]', v_at)));
    end if;
    if length(coalesce(core.task_field(v_at, v_task, 'key', 'string') #>> '{}', '')) not between 1 and 200 then
      perform core.refuse('PT400', 'invalid_key', format('tasks[%s].key must be a text of 1 to 200 characters', v_at),
        'Send one key per intended task, for example a uuid v7, and the same key again on a retry.', jsonb_build_object('field', format('tasks[%s].key', v_at)));
    end if;
    v_ok := core.require_name(format('tasks[%s].kind', v_at), core.task_field(v_at, v_task, 'kind', 'string') #>> '{}');
    foreach v_name in array array['unique_key', 'group'] loop
      if core.task_field(v_at, v_task, v_name, 'string') is not null then v_ok := core.require_name(format('tasks[%s].%s', v_at, v_name), v_task ->> v_name); end if;
    end loop;
    v_ok := core.require_payload(format('tasks[%s].payload', v_at), coalesce(v_task -> 'payload', '{}'));
    v_ok := core.require_whole(format('tasks[%s].priority', v_at), coalesce((core.task_field(v_at, v_task, 'priority', 'number') #>> '{}')::numeric, 100), 0, 1000);
    v_ok := core.require_whole(format('tasks[%s].max_attempts', v_at), coalesce((core.task_field(v_at, v_task, 'max_attempts', 'number') #>> '{}')::numeric, 5), 1, 100);
    v_ok := core.require_whole(format('tasks[%s].backoff_ms', v_at), coalesce((core.task_field(v_at, v_task, 'backoff_ms', 'number') #>> '{}')::numeric, 1000), 0, 3600000);
    v_ok := core.require_whole(format('tasks[%s].delay_ms', v_at), coalesce((core.task_field(v_at, v_task, 'delay_ms', 'number') #>> '{}')::numeric, 0), 0, 31536000000);
    if core.task_field(v_at, v_task, 'run_at', 'string') is not null then
      begin
        if (v_task ->> 'run_at')::timestamptz not between now() - interval '10 years' and now() + interval '10 years' then raise datetime_field_overflow; end if;
      exception when data_exception then
        perform core.refuse('PT400', 'invalid_task', format('tasks[%s].run_at must be an instant within ten years', v_at), 'For example 2026-11-20T09:30:00Z.',
          jsonb_build_object('field', format('tasks[%s].run_at', v_at)));
      end;
    end if;
    if jsonb_array_length(coalesce(core.task_field(v_at, v_task, 'needs', 'array'), '[]')) > 100
      or exists (select from jsonb_array_elements(coalesce(v_task -> 'needs', '[]')) n where jsonb_typeof(n) <> 'string' or n #>> '{}' !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') then
      perform core.refuse('PT400', 'invalid_task', format('tasks[%s].needs must be at most 100 ids of tasks', v_at), null, jsonb_build_object('field', format('tasks[%s].needs', v_at)));
    end if;
    v_at := v_at + 1;
  end loop;
  return false;
end
$$;
comment on function core.task_require_tasks is 'Raises PT400 or PT413 naming the first field of the tasks that is malformed; whether they have no special ones.';

-- Enqueues tasks: [{key, kind, payload, priority, run_at | delay_ms, unique_key, group, needs, max_attempts, backoff_ms}]. Answers for
-- each, in order, its id and whether it was enqueued, replayed (the key is known) or exists (an open one has its unique key).
-- needs name tasks of the same project; an unknown one is refused. Lower priorities come first. 1,000,000 open tasks a project.
-- Locks: the tasks that are needed, in the order of their ids.
create function core_api.task_enqueue(p_queue text, p_tasks jsonb, p_project text default null) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('task:enqueue', 'queue', p_project, p_queue, 'write');
  v_is_plain boolean;
  v_count int;
  v_ids uuid[];
  v_fresh uuid[];
  v_all boolean;
  v_made uuid[];
  v_actor text := core.actor();
  v_answer json;
begin
  v_ok := core.require_project(v_project);
  v_ok := core.require_name('queue', p_queue);
  v_is_plain := core.task_require_tasks(p_tasks);
  v_count := jsonb_array_length(p_tasks);
  if core.task_open_count(v_project) + v_count > 1000000 then return core.bound_reached('open tasks', 1000000)::json; end if;
  v_ids := core.new_ids(v_count);
  -- The key decides. A call that is enqueueing the same one meanwhile is waited for. Mostly all keys are new, and to ask for
  -- conflicts takes a tenth of the call.
  begin
    insert into core.task_key (key, project, task)
    select e.value ->> 'key', v_project, v_ids[e.ordinal] from jsonb_array_elements(p_tasks) with ordinality as e (value, ordinal)
    order by e.value ->> 'key' collate "C", e.ordinal;
    v_fresh := v_ids;
  exception when unique_violation then
    with fresh as (
      insert into core.task_key (key, project, task)
      select e.value ->> 'key', v_project, v_ids[e.ordinal] from jsonb_array_elements(p_tasks) with ordinality as e (value, ordinal)
      order by e.value ->> 'key' collate "C", e.ordinal
      on conflict do nothing returning task
    )
    select array_agg(task) into v_fresh from fresh;
  end;
  v_all := coalesce(cardinality(v_fresh), 0) = v_count;
  if v_is_plain then
    insert into core.task (id, project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms, created_by)
    select v_ids[e.ordinal], v_project, p_queue, e.value ->> 'key', e.value ->> 'kind', coalesce(e.value -> 'payload', '{}'), 'ready',
      coalesce((e.value ->> 'priority')::numeric, 100)::smallint, clock_timestamp(), 5, 1000, v_actor
    from jsonb_array_elements(p_tasks) with ordinality as e (value, ordinal)
    where v_all or v_ids[e.ordinal] = any (v_fresh) order by e.ordinal;
    v_made := v_fresh;
  else
    with made as (
      insert into core.task (id, project, queue, key, kind, payload, state, priority, run_at, group_name, unique_key, max_attempts, backoff_ms, created_by)
      select v_ids[t.ordinal], v_project, p_queue, t.key, t.kind, t.payload,
        case when t.has_needs then 'pending' else core.task_state(0, 0, t.run_at) end, t.priority, t.run_at, t.group_name, t.unique_key, t.max_attempts,
        t.backoff_ms, v_actor
      from (
        select e.value ->> 'key' as key, e.value ->> 'kind' as kind, coalesce(e.value -> 'payload', '{}') as payload,
          coalesce((e.value ->> 'priority')::numeric, 100)::smallint as priority,
          coalesce((e.value ->> 'run_at')::timestamptz, clock_timestamp()) + coalesce((e.value ->> 'delay_ms')::numeric, 0)::double precision * interval '1 millisecond' as run_at,
          e.value ->> 'group' as group_name, e.value ->> 'unique_key' as unique_key, coalesce((e.value ->> 'max_attempts')::numeric, 5)::int as max_attempts,
          coalesce((e.value ->> 'backoff_ms')::numeric, 1000)::int as backoff_ms,
          jsonb_typeof(e.value -> 'needs') = 'array' and e.value -> 'needs' <> '[]' as has_needs, e.ordinal
        from jsonb_array_elements(p_tasks) with ordinality as e (value, ordinal)
        where v_all or v_ids[e.ordinal] = any (v_fresh)
      ) t order by t.key collate "C", t.ordinal
      on conflict do nothing returning id
    )
    select array_agg(id) into v_made from made;
    -- Keys of those that another has the unique key of.
    if coalesce(cardinality(v_made), 0) < cardinality(v_fresh) then
      delete from core.task_key k where k.key = any (array(select e ->> 'key' from jsonb_array_elements(p_tasks) e)) and k.project || '' = v_project
        and k.task = any (v_fresh) and k.task <> all (coalesce(v_made, '{}'));
    end if;
  end if;
  if coalesce(cardinality(v_made), 0) = v_count then
    select json_agg(r) into v_answer from (
      select v_ids[e.ordinal] as task, e.value ->> 'key' as key, 'enqueued' as outcome from jsonb_array_elements(p_tasks) with ordinality as e (value, ordinal)
      order by e.ordinal
    ) r;
  else
    v_answer := core.task_enqueue_answer(v_project, p_queue, p_tasks, coalesce(v_made, '{}'))::json;
  end if;
  if v_is_plain then return json_build_object('ok', true, 'tasks', v_answer); end if;
  v_ok := core.task_link_needs(v_project, p_tasks, v_answer::jsonb);
  v_ok := core.task_open_slots(v_project, p_queue, array(select distinct e ->> 'group' from jsonb_array_elements(p_tasks) e where e ->> 'group' is not null));
  return json_build_object('ok', true, 'tasks', v_answer);
end
$$;
comment on function core_api.task_enqueue is 'Enqueues up to 1,000 tasks of a queue; each replays on its key.';
revoke execute on function core_api.task_enqueue from public;
grant execute on function core_api.task_enqueue to core_member, service_role;

-- Answers a call some of whose tasks were known.
create function core.task_enqueue_answer(p_project text, p_queue text, p_tasks jsonb, p_made uuid[]) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_answer jsonb;
begin
  select jsonb_agg(coalesce(
      (select jsonb_build_object('task', k.task, 'key', k.key, 'outcome', case when k.task = any (p_made) and e.first then 'enqueued' else 'replayed' end)
        from core.task_key k where k.project = p_project and k.key = e.key),
      (select jsonb_build_object('task', t.id, 'key', e.key, 'outcome', 'exists')
        from core.task t where t.project = p_project and t.queue = p_queue and t.unique_key = e.unique_key)) order by e.ordinal)
  into v_answer
  from (
    -- What names a key again is what named it first, also where another has the unique key of that.
    select i.value ->> 'key' as key, first_value(i.value ->> 'unique_key') over named as unique_key, i.ordinal, row_number() over named = 1 as first
    from jsonb_array_elements(p_tasks) with ordinality as i (value, ordinal)
    window named as (partition by i.value ->> 'key' order by i.ordinal)
  ) e;
  if v_answer @> '[null]' then
    -- The open one with this unique key, or the one of this key, went between the two: the call is sent again.
    raise exception using errcode = '40001', message = 'a task ended while another was enqueued under its key', hint = 'Send the call again.';
  end if;
  return v_answer;
end
$$;
comment on function core.task_enqueue_answer is 'What became of each task of a call, where some were known before.';

-- Links what was enqueued to the tasks it needs. Those are locked in share mode first, so that one ends either before,
-- and counts as it ended, or after, and finds the link. Locks: the needed tasks, in the order of their ids.
create function core.task_link_needs(p_project text, p_tasks jsonb, p_answer jsonb) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_links jsonb;
  v_needs uuid[];
  v_unknown uuid;
begin
  select jsonb_agg(distinct jsonb_build_object('task', a.value -> 'task', 'need', n.value)) into v_links
  from jsonb_array_elements(p_answer) with ordinality as a (value, ordinal)
  cross join lateral jsonb_array_elements(case jsonb_typeof(p_tasks -> (a.ordinal - 1)::int -> 'needs') when 'array' then p_tasks -> (a.ordinal - 1)::int -> 'needs' else '[]' end) n
  where a.value ->> 'outcome' = 'enqueued';
  if v_links is null then return false; end if;
  select array_agg(distinct (l ->> 'need')::uuid) into v_needs from jsonb_array_elements(v_links) l;
  perform from core.task t where t.project || '' = p_project and t.id = any (v_needs) order by t.id for share;
  select (l ->> 'need')::uuid into v_unknown from jsonb_array_elements(v_links) l
  where l ->> 'need' = l ->> 'task' or coalesce(
    (select true from core.task t where t.project || '' = p_project and t.id = (l ->> 'need')::uuid limit 1),
    (select true from core.task_done d where d.project || '' = p_project and d.id = (l ->> 'need')::uuid limit 1)) is null limit 1;
  if v_unknown is not null then
    perform core.refuse('PT400', 'unknown_need', format('there is no task %s to wait for', v_unknown),
      'Enqueue it first. A task that has ended is known for its retention.', jsonb_build_object('field', 'needs', 'need', v_unknown));
  end if;
  insert into core.task_need (need, task)
  select (l ->> 'need')::uuid, (l ->> 'task')::uuid from jsonb_array_elements(v_links) l
  where (select true from core.task_done d where d.id = (l ->> 'need')::uuid and d.status || '' = 'done' limit 1) is null
  order by 1, 2;
  update core.task t set open_needs = c.open, failed_needs = c.failed, state = core.task_state(c.open, c.failed, t.run_at)
  from unnest(array(select distinct (l ->> 'task')::uuid from jsonb_array_elements(v_links) l)) as x (task)
  cross join lateral (
    select (count(*) filter (where f.is_known is null))::int as open, count(f.is_known)::int as failed
    from core.task_need n
    left join lateral (select true as is_known from core.task_done d where d.id = n.need limit 1) f on true
    where n.task = x.task
  ) c where t.id = x.task;
  return true;
end
$$;
comment on function core.task_link_needs is 'Writes which tasks wait for which, and how many of those are open or have failed.';

-- Gives each group its slots: one, or as many as the group may run at a time.
create function core.task_open_slots(p_project text, p_queue text, p_groups text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(p_groups[1], '') = '' then return false; end if;
  insert into core.task_slot (project, queue, group_name, slot)
  select p_project, p_queue, g.name, s.slot
  from unnest(p_groups) as g (name)
  left join core.task_group c on c.project = p_project and c.queue = p_queue and c.group_name = g.name
  cross join lateral generate_series(1, coalesce(c.concurrency, 1)) as s (slot)
  order by g.name collate "C", s.slot
  -- Locks a slot that is there, so that a sweep does not delete it as idle.
  on conflict on constraint task_slot_pkey do update set slot = excluded.slot;
  return true;
end
$$;
comment on function core.task_open_slots is 'Makes the slots of these groups where they are missing.';

-- How many tasks of a project are open: what the last count found, counted again where it is older than a minute.
create function core.task_open_count(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_open bigint;
  v_at timestamptz;
begin
  select sum(ready + waiting + running + blocked), min(counted_at) into v_open, v_at from core.task_count where project = p_project;
  if v_at > clock_timestamp() - interval '1 minute' then return v_open; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('task_count:' || p_project, 0)) then return coalesce(v_open, 0); end if;
  return core.task_recount(p_project);
end
$$;
comment on function core.task_open_count is 'How many tasks of a project are open, as of the last minute.';

create function core.task_recount(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_open bigint;
begin
  delete from core.task_count where project = p_project;
  insert into core.task_count (project, queue, ready, waiting, running, blocked, dead, oldest_at, counted_at)
  select p_project, coalesce(o.queue, d.queue), coalesce(o.ready, 0), coalesce(o.waiting, 0), coalesce(o.running, 0), coalesce(o.blocked, 0),
    coalesce(d.dead, 0), o.oldest_at, clock_timestamp()
  from (
    select q.queue, sum(q.count) filter (where q.state = 'ready') as ready, sum(q.count) filter (where q.state in ('scheduled', 'pending')) as waiting,
      sum(q.count) filter (where q.state = 'running') as running, sum(q.count) filter (where q.state = 'blocked') as blocked, min(q.oldest_at) as oldest_at
    -- One part for each index.
    from (
      select t.queue, 'ready' as state, count(*) as count, min(t.run_at) as oldest_at from core.task t
      where t.project = p_project and t.state = 'ready' and t.group_name is null group by t.queue
      union all
      select t.queue, 'ready', count(*), min(t.run_at) from core.task t
      where t.project = p_project and t.state = 'ready' and t.group_name is not null group by t.queue
      union all
      select t.queue, 'scheduled', count(*), null from core.task t where t.project = p_project and t.state = 'scheduled' group by t.queue
      union all
      select t.queue, 'running', count(*), null from core.task t where t.project = p_project and t.state = 'running' group by t.queue
      union all
      select t.queue, t.state, count(*), null from core.task t where t.project = p_project and t.state in ('pending', 'blocked') group by t.queue, t.state
    ) q group by q.queue
  ) o full join (
    select x.queue, count(*) as dead from (select e.queue from core.task_done e where e.project = p_project and e.status = 'dead' limit 100000) x group by x.queue
  ) d on d.queue = o.queue
  order by 2
  on conflict on constraint task_count_pkey do nothing;
  select coalesce(sum(ready + waiting + running + blocked), 0) into v_open from core.task_count where project = p_project;
  if not exists (select from core.task_count where project = p_project) then
    insert into core.task_count (project, queue, ready, waiting, running, blocked, counted_at) values (p_project, '', 0, 0, 0, 0, clock_timestamp())
    on conflict on constraint task_count_pkey do nothing;
  end if;
  return v_open;
end
$$;
comment on function core.task_recount is 'Counts the open and the dead tasks of a project, by queue.';

-- supabase/schemas/84_task/30_claim.sql

-- What is due becomes ready, and what a dead worker held is taken from it: at most p_limit of each, in one queue. A task that
-- has no attempt left is dead. Locks: tasks, skipping those that are locked.
create function core.task_refresh(p_project text, p_queue text, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_lost uuid[];
  v_count int;
begin
  with due as materialized (
    select id from core.task where project = p_project and queue = p_queue and state = 'scheduled' and run_at <= (select clock_timestamp())
    order by run_at limit p_limit for update skip locked
  )
  update core.task t set state = 'ready' from due where t.id = due.id;
  get diagnostics v_count = row_count;
  select array_agg(id) into v_lost from (
    select id from core.task where project = p_project and queue = p_queue and state = 'running' and leased_until <= (select clock_timestamp())
    order by leased_until limit p_limit for update skip locked
  ) l;
  if v_lost is not null then v_count := v_count + core.task_lose(p_project, v_lost); end if;
  return v_count;
end
$$;
comment on function core.task_refresh is 'Makes ready what is due and what a dead worker held in one queue; how many.';

-- Claims up to p_limit tasks that are ready, the lowest priority number first, of the queues in the order in which they are named. A claim
-- lasts p_lease_s unless a beat renews it. Several workers never get the same task, nor more of a group than may run at a
-- time. With p_session the session has to be alive (session_ended). Locks: free slots and ready tasks, skipping locked ones.
create function core_api.task_claim(p_queues text[], p_worker text, p_limit int default 1, p_lease_s int default 90,
  p_session uuid default null, p_project text default null) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('task:work', 'queue', p_project, p_queues[1], 'work');
  v_queue text;
  v_is_due boolean;
  v_has_slots boolean;
  v_picked uuid[];
  v_count int;
  v_left int := p_limit;
  v_claimed json;
  v_answer json := '[]';
  v_now timestamptz;
begin
  if p_limit is null or p_limit not between 1 and 1000 then v_ok := core.require_range('limit', p_limit, 1, 1000); end if;
  if p_lease_s is null or p_lease_s not between 3 and 86400 then v_ok := core.require_range('lease_s', p_lease_s, 3, 86400); end if;
  if p_worker is null or length(p_worker) not between 1 and 200 then v_ok := core.require_text('worker', p_worker, 200); end if;
  if p_queues is null or cardinality(p_queues) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_queues', 'queues must name 1 to 100', null, jsonb_build_object('field', 'queues'));
  end if;
  if p_session is not null and not core.session_is_live(v_project, p_session) then
    return json_build_object('ok', false, 'code', 'session_ended', 'session', p_session);
  end if;
  foreach v_queue in array p_queues loop
    if v_queue is null or length(v_queue) > 200 or v_queue !~ '^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$' then v_ok := core.require_name('queues', v_queue); end if;
    if v_queue <> p_queues[1] then v_ok := core.reach('queue', v_project, v_queue, 'work'); end if;
    v_picked := null;
    loop
      v_now := clock_timestamp();
      with claimed as (
        update core.task t set state = 'running', attempt = t.attempt + 1, worker = p_worker, session = p_session, fence = nextval('core.fence'),
          leased_until = v_now + p_lease_s * interval '1 second', claimed_at = v_now, progress = null
        where t.id = any (coalesce(v_picked, array(
          select r.id from core.task r
          where v_picked is null and r.project = v_project and r.queue = v_queue and r.state = 'ready' and r.group_name is null
            and not exists (select from core.task where project = v_project and queue = v_queue and state = 'scheduled' and run_at <= v_now)
            and not exists (select from core.task where project = v_project and queue = v_queue and state = 'running' and leased_until <= v_now)
            and not exists (select from core.task_slot s where s.project = v_project and s.queue = v_queue and s.task is null)
          order by r.priority, r.run_at, r.id limit v_left for update skip locked)))
        returning t.id, t.queue, t.kind, t.payload, t.attempt, t.max_attempts, t.fence, t.leased_until, t.created_at, t.priority, t.run_at
      )
      select json_agg(r), count(*) into v_claimed, v_count from (
        select c.id as task, c.queue, c.kind, c.payload, c.attempt, c.max_attempts, c.fence, c.leased_until, c.created_at from claimed c
        order by c.priority, c.run_at, c.id
      ) r;
      exit when v_claimed is not null or v_picked is not null;
      -- The queue has nothing that is ready, or something is due, or a group has a turn.
      select exists (select from core.task where project = v_project and queue = v_queue and state = 'scheduled' and run_at <= v_now)
          or exists (select from core.task where project = v_project and queue = v_queue and state = 'running' and leased_until <= v_now),
        exists (select from core.task_slot s where s.project = v_project and s.queue = v_queue and s.task is null)
      into v_is_due, v_has_slots;
      exit when not (v_is_due or v_has_slots);
      if v_is_due then v_count := core.task_refresh(v_project, v_queue, p_limit + 10); end if;
      v_picked := core.task_pick(v_project, v_queue, v_left);
    end loop;
    continue when v_claimed is null;
    -- Put together as text: jsonb would be copied twice.
    v_answer := case v_left when p_limit then v_claimed else (rtrim(v_answer::text, ']') || ',' || ltrim(v_claimed::text, '['))::json end;
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
  return json_build_object('ok', true, 'tasks', v_answer);
end
$$;
comment on function core_api.task_claim is 'Claims tasks that are ready for a worker, each under a fence and for a time.';
revoke execute on function core_api.task_claim from public;
grant execute on function core_api.task_claim to core_member, service_role;

-- The tasks of one queue that come first, locked. Those of groups are claimed with a slot, one for each free one.
create function core.task_pick(p_project text, p_queue text, p_limit int) returns uuid[]
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ids uuid[];
  v_slot core.task_slot;
  v_candidates jsonb := '[]';
  v_grouped uuid[];
  v_one record;
begin
  select coalesce(array_agg(f.id order by f.priority, f.run_at, f.id), '{}') into v_ids from (
    select t.id, t.priority, t.run_at from core.task t
    where t.project = p_project and t.queue = p_queue and t.state = 'ready' and t.group_name is null
    order by t.priority, t.run_at, t.id limit p_limit for update skip locked
  ) f;
  if not exists (select from core.task_slot s where s.project = p_project and s.queue = p_queue and s.task is null) then return v_ids; end if;
  -- No more than p_limit tasks of groups, each with the slot it takes if it is chosen.
  for v_slot in
    select s.* from core.task_slot s where s.project = p_project and s.queue = p_queue and s.task is null
      and exists (select from core.task t where t.project = s.project and t.queue = s.queue and t.group_name = s.group_name and t.state = 'ready')
    order by s.group_name, s.slot for update skip locked
  loop
    select t.id, t.priority, t.run_at into v_one from core.task t
    where t.project = p_project and t.queue = p_queue and t.state = 'ready' and t.group_name = v_slot.group_name
      and not v_candidates @> jsonb_build_array(jsonb_build_object('id', t.id))
    order by t.priority, t.run_at, t.id limit 1 for update skip locked;
    if v_one.id is not null then
      v_candidates := v_candidates || jsonb_build_object('id', v_one.id, 'group', v_slot.group_name, 'slot', v_slot.slot);
    end if;
    exit when jsonb_array_length(v_candidates) >= p_limit;
  end loop;
  if v_candidates = '[]' then return v_ids; end if;
  select array_agg((c ->> 'id')::uuid) into v_grouped from jsonb_array_elements(v_candidates) c;
  select array_agg(x.id) into v_ids from (
    select t.id from core.task t where t.id = any (v_ids || v_grouped)
    order by t.priority, t.run_at, t.id limit p_limit
  ) x;
  update core.task_slot s set task = (c ->> 'id')::uuid from jsonb_array_elements(v_candidates) c
  where s.project = p_project and s.queue = p_queue and s.group_name = c ->> 'group' and s.slot = (c ->> 'slot')::int and (c ->> 'id')::uuid = any (v_ids);
  return v_ids;
end
$$;
comment on function core.task_pick is 'Locks the ready tasks that come first in one queue, with their slots.';

-- Renews claims. p_tasks and p_fences in the same order; p_progress, of the same length, keeps what is null. Answers which
-- are lost: their worker stops, because every further write of it is refused. PT404 for a single one that is not known. Locks: the tasks, in the order of their ids.
create function core_api.task_beat(p_tasks uuid[], p_fences bigint[], p_lease_s int default 90, p_progress jsonb default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.task_enter(p_project, p_tasks);
  v_held uuid[];
begin
  v_ok := core.require_range('lease_s', p_lease_s, 3, 86400);
  if p_tasks is null or p_fences is null or cardinality(p_tasks) <> cardinality(p_fences) or cardinality(p_tasks) not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_tasks', 'tasks and fences must be 1 to 1000, and as many of one as of the other', null,
      jsonb_build_object('field', 'tasks'));
  end if;
  if p_progress is not null then v_ok := core.require_payload('progress', p_progress, 4096); end if;
  perform from core.task t where t.project || '' = v_project and t.id = any (p_tasks) order by t.id for no key update;
  with held as (
    update core.task t set leased_until = clock_timestamp() + p_lease_s * interval '1 second', progress = coalesce(p_progress, t.progress)
    from unnest(p_tasks, p_fences) as b (id, fence)
    where t.id = b.id and t.project || '' = v_project and t.state || '' = 'running' and t.fence = b.fence and t.leased_until + interval '0' > clock_timestamp()
    returning t.id
  )
  select coalesce(array_agg(id), '{}') into v_held from held;
  if v_held = '{}' and cardinality(p_tasks) = 1 then v_ok := core.task_require_known(v_project, p_tasks[1]); end if;
  return jsonb_build_object('ok', true, 'held', cardinality(v_held),
    'lost', to_jsonb(array(select t from unnest(p_tasks) as t where t <> all (v_held) limit 1000)));
end
$$;
comment on function core_api.task_beat is 'Renews claims of tasks and names those that are lost.';
revoke execute on function core_api.task_beat from public;
grant execute on function core_api.task_beat to core_member, service_role;

-- supabase/schemas/84_task/35_lose.sql

-- Tasks whose lease is over, locked by the caller: ready again, or dead where no attempt is left. Their slots are free.
create function core.task_lose(p_project text, p_tasks uuid[]) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_dead uuid[];
begin
  update core.task set state = 'ready', run_at = clock_timestamp(), error = 'the worker was lost', worker = null, session = null, leased_until = null,
    fence = null
  where id = any (p_tasks) and attempt < max_attempts;
  select array_agg(id) into v_dead from core.task where id = any (p_tasks) and state = 'running';
  if v_dead is not null then
    -- Those that need them may be locked by a call that ends another of their needs: this one waits for it.
    perform from core.task t where t.id in (select n.task from core.task_need n where n.need = any (v_dead)) order by t.id for update;
    perform core.task_end(v_dead, 'dead', 'the worker was lost');
  end if;
  perform core.task_free_slots(p_tasks);
  return cardinality(p_tasks);
end
$$;
comment on function core.task_lose is 'Takes tasks from workers whose lease is over.';

-- Moves open tasks, locked by the caller together with those that need them, to the ended ones.
create function core.task_end(p_tasks uuid[], p_status text, p_error text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with gone as (
    delete from core.task t where t.id = any (p_tasks) returning t.*
  )
  insert into core.task_done (id, project, queue, key, kind, payload, status, priority, group_name, unique_key, failed_needs, attempt, max_attempts,
    backoff_ms, error, worker, session, fence, created_at, created_by)
  select g.id, g.project, g.queue, g.key, g.kind, g.payload, p_status, g.priority, g.group_name, g.unique_key, g.failed_needs, g.attempt, g.max_attempts,
    g.backoff_ms, coalesce(p_error, g.error), g.worker, g.session, g.fence, g.created_at, g.created_by
  from gone g order by g.id;
  delete from core.task_need where task = any (p_tasks);
  return core.task_release_needing('{}', p_tasks);
end
$$;
comment on function core.task_end is 'Ends open tasks as dead or cancelled.';

-- supabase/schemas/84_task/40_steps.sql

-- How a task ends: the steps that other nouns call within their own transaction.
-- Where ids are given, the other conditions are expressions (project || ''), so that no index but the primary key fits: the planner takes a
-- table that was empty for one of one row, and then every index for as good. A list of items is joined laterally with a limit, which is
-- a look for each item: of a join the planner may read the table first, because it takes every list for a hundred items. A test counts
-- the rows that each call reads.

-- Authorises the worker of these tasks, or of those in reports: of its own project, or of queues of another one that are
-- shared with it.
create function core.task_enter(p_project text, p_tasks uuid[], p_items jsonb default '[]') returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(p_project, core.claims() ->> 'project');
  v_own text := core.member_claims() ->> 'project';
  v_queue text;
  v_ok boolean;
begin
  if v_project is null then perform core.refuse_no_project(); end if;
  v_ok := core.authorize('task:work', coalesce(v_own, v_project));
  if v_own is not null and v_own <> v_project then
    for v_queue in
      select distinct coalesce(t.queue, d.queue, '')
      from unnest(coalesce(p_tasks, array(select (r ->> 'task')::uuid from jsonb_array_elements(p_items) r limit 1000))) as i (id)
      left join core.task t on t.id = i.id and t.project || '' = v_project left join core.task_done d on d.id = i.id and d.project || '' = v_project order by 1
    loop
      v_ok := core.reach('queue', v_project, v_queue, 'work');
    end loop;
  end if;
  return v_project;
end
$$;
comment on function core.task_enter is 'Authorises a call about claimed tasks and returns the project that owns them.';

create function core.task_require_items(p_items jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_item jsonb;
  v_at int := 0;
begin
  if p_items is null or jsonb_typeof(p_items) <> 'array' or jsonb_array_length(p_items) = 0 then
    v_ok := core.require_exact('items', p_items);
    perform core.refuse('PT400', 'invalid_items', 'items must be a list of at least one', null, jsonb_build_object('field', 'items'));
  elsif jsonb_array_length(p_items) > 1000 then
    perform core.refuse('PT413', 'too_many_items', format('at most 1000 items in one call, got %s', jsonb_array_length(p_items)),
      'Send them in several calls.', jsonb_build_object('field', 'items', 'limit', 1000));
  end if;
  -- Most reports are in order: one statement for all of them. What is wrong, also what no cast takes, is found one by one.
  begin
    if (
      select bool_and(coalesce(v - '{task,fence,outcome,result}'::text[] = '{}' and (v ->> 'task')::uuid::text = v ->> 'task'
        and (v -> 'fence')::bigint between 0 and 9007199254740991 and (v -> 'fence')::bigint::text = v ->> 'fence'
        and v ->> 'outcome' in ('done', 'failed', 'dead', 'released')
        and case when v ? 'result' then octet_length((v -> 'result')::text) <= 65536 and core.is_exact(v -> 'result') else true end, false))
      from jsonb_array_elements(p_items) v) then
      return true;
    end if;
  exception when data_exception then null;
  end;
  v_ok := core.require_exact('items', p_items);
  for v_item in select value from jsonb_array_elements(p_items) loop
    if not coalesce(jsonb_typeof(v_item) = 'object' and v_item ->> 'task' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and jsonb_typeof(v_item -> 'fence') = 'number' and v_item ->> 'fence' ~ '^[0-9]{1,18}$'
      and v_item ->> 'outcome' in ('done', 'failed', 'dead', 'released')
      and coalesce(jsonb_typeof(v_item -> 'error'), 'null') in ('string', 'null')
      and coalesce(jsonb_typeof(v_item -> 'delay_ms'), 'null') in ('number', 'null'), false) then
      perform core.refuse('PT400', 'invalid_items', format('items[%s] must have task, fence and outcome: done, failed, dead or released', v_at),
        'A task is named by its id, and the fence is that of the claim.', jsonb_build_object('field', format('items[%s]', v_at)));
    end if;
    if v_item ? 'result' then v_ok := core.require_payload(format('items[%s].result', v_at), v_item -> 'result'); end if;
    if length(v_item ->> 'error') > 10000 then v_ok := core.require_text(format('items[%s].error', v_at), v_item ->> 'error', 10000); end if;
    if jsonb_typeof(v_item -> 'delay_ms') = 'number' then v_ok := core.require_whole(format('items[%s].delay_ms', v_at), (v_item ->> 'delay_ms')::numeric, 0, 31536000000); end if;
    v_at := v_at + 1;
  end loop;
  return true;
end
$$;
comment on function core.task_require_items is 'Raises PT400 or PT413 naming the first report on a task that is malformed.';

-- Ends tasks that a claim holds: [{task, fence, outcome, result, error, delay_ms}] with the outcomes done, failed (again after its
-- back-off, dead when no attempt is left), dead and released (the attempt is not counted). Answers by task what it is
-- by now, or stale: its claim is over, and nothing was written. A repetition is answered as the first time.
-- Locks: the tasks and those that need them, in the order of their ids, then slots.
create function core.task_finish(p_project text, p_items jsonb) returns json
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_ids uuid[];
  v_fences bigint[];
  v_results jsonb[];
  v_is_plain boolean;
begin
  select a.ids, a.fences, a.results, a.is_done and (select count(distinct u.id) = count(*) from unnest(a.ids) as u (id))
    and not exists (select from core.task_need n where n.need = any (a.ids))
  into v_ids, v_fences, v_results, v_is_plain
  from (
    -- In the order of the items. A distinct beside them would sort them.
    select array_agg(i.task) as ids, array_agg(i.fence) as fences, array_agg(i.result) as results, bool_and(i.outcome = 'done') as is_done
    from jsonb_to_recordset(p_items) as i (task uuid, fence bigint, outcome text, result jsonb)
  ) a;
  if v_is_plain then return core.task_finish_done(p_project, p_items, v_ids, v_fences, v_results); end if;
  return core.task_finish_any(p_project, p_items, v_ids);
end
$$;
comment on function core.task_finish is 'Ends tasks under their fences in the caller''s transaction; what is stale changes nothing.';

-- The same where all are done, each is named once and no task needs them. The arrays are in the order of the items.
create function core.task_finish_done(p_project text, p_items jsonb, p_ids uuid[], p_fences bigint[], p_results jsonb[]) returns json
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_done uuid[];
  v_fences bigint[];
  v_ok boolean;
begin
  with gone as (
    -- One look into the primary key for each item, which locks in the order of the ids.
    delete from core.task t using (select * from unnest(p_ids, p_fences, p_results) as u (id, fence, result) order by u.id) i
    where t.id = i.id and t.fence = i.fence and t.project || '' = p_project and t.state || '' = 'running' and t.leased_until + interval '0' > clock_timestamp()
    returning t.id, t.project, t.queue, t.key, t.kind, t.payload, t.priority, t.group_name, t.unique_key, t.failed_needs, t.attempt, t.max_attempts,
      t.backoff_ms, i.result, t.error, t.worker, t.session, t.fence, t.created_at, t.created_by
  ), ended as (
    insert into core.task_done (id, project, queue, key, kind, payload, status, priority, group_name, unique_key, failed_needs, attempt, max_attempts,
      backoff_ms, result, error, worker, session, fence, created_at, created_by)
    select g.id, g.project, g.queue, g.key, g.kind, g.payload, 'done', g.priority, g.group_name, g.unique_key, g.failed_needs, g.attempt, g.max_attempts,
      g.backoff_ms, g.result, g.error, g.worker, g.session, g.fence, g.created_at, g.created_by
    from gone g order by g.id returning id, fence
  )
  select array_agg(id), array_agg(fence) into v_done, v_fences from ended;
  -- A task that was linked to one of these meanwhile, while its enqueue held them.
  if exists (select from core.task_need n where n.need = any (v_done)) or exists (select from core.task_slot s where s.task = any (v_done)) then
    v_ok := core.task_free_slots(v_done);
    v_ok := core.task_release_needing(v_done, '{}');
  end if;
  if cardinality(v_done) = cardinality(p_ids) then
    return ('[{"task": "' || array_to_string(p_ids, '", "status": "done"}, {"task": "') || '", "status": "done"}]')::json;
  end if;
  return core.task_finish_answer(p_project, p_items,
    coalesce((select jsonb_object_agg(d.id || ' ' || d.fence, 'done') from unnest(v_done, v_fences) as d (id, fence)), '{}'));
end
$$;
comment on function core.task_finish_done is 'Ends tasks as done that no task needs.';

-- The same for all outcomes, and for tasks that others need.
create function core.task_finish_any(p_project text, p_items jsonb, p_ids uuid[]) returns json
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_locked uuid[];
  v_results jsonb;
  v_done uuid[];
  v_failed uuid[];
  v_gone uuid[];
  v_ok boolean;
begin
  -- Those that need them, too. One list of ids: with a subquery beside it every open task of the project is read.
  select p_ids || coalesce(array_agg(n.task), '{}') into v_locked from core.task_need n where n.need = any (p_ids);
  perform from core.task t where t.project || '' = p_project and t.id = any (v_locked) order by t.id for update;
  with item as materialized (
    select distinct on (t.id) t.id, i.value as data, t.attempt, t.max_attempts, t.backoff_ms,
      case when i.value ->> 'outcome' = 'failed' and t.attempt >= t.max_attempts then 'dead' else i.value ->> 'outcome' end as outcome
    from jsonb_array_elements(p_items) with ordinality as i (value, ordinal)
    cross join lateral (
      select t.* from core.task t
      where t.id = (i.value ->> 'task')::uuid and t.project || '' = p_project and t.state || '' = 'running' and t.fence = (i.value ->> 'fence')::bigint
        and t.leased_until + interval '0' > clock_timestamp() limit 1) t
    order by t.id, i.ordinal
  ), again as (
    update core.task t set state = core.task_state(0, 0, r.run_at), run_at = r.run_at, attempt = t.attempt - (r.outcome = 'released')::int,
      error = coalesce(r.data ->> 'error', t.error), worker = null, session = null, leased_until = null
    from (
      select item.*, clock_timestamp() + case when outcome = 'released' then coalesce((data ->> 'delay_ms')::double precision, 0)
        else coalesce((data ->> 'delay_ms')::double precision, least(3600000, item.backoff_ms * 2 ^ (item.attempt - 1)) * (0.5 + random() / 2)) end
        * interval '1 millisecond' as run_at
      from item where outcome in ('failed', 'released')
    ) r where t.id = r.id returning t.id, t.fence, t.state
  ), gone as (
    delete from core.task t using item where t.id = item.id and item.outcome in ('done', 'dead') returning t.*
  ), ended as (
    insert into core.task_done (id, project, queue, key, kind, payload, status, priority, group_name, unique_key, failed_needs, attempt, max_attempts,
      backoff_ms, result, error, worker, session, fence, created_at, created_by)
    select g.id, g.project, g.queue, g.key, g.kind, g.payload, item.outcome, g.priority, g.group_name, g.unique_key, g.failed_needs, g.attempt, g.max_attempts,
      g.backoff_ms, item.data -> 'result', case item.outcome when 'done' then g.error else coalesce(item.data ->> 'error', g.error) end,
      g.worker, g.session, g.fence, g.created_at, g.created_by
    from gone g join item on item.id = g.id order by g.id returning id, fence, status
  )
  select coalesce(jsonb_object_agg(x.id || ' ' || x.fence, x.status), '{}'), coalesce(array_agg(x.id) filter (where x.status = 'done'), '{}'),
    coalesce(array_agg(x.id) filter (where x.status = 'dead'), '{}'), coalesce(array_agg(x.id), '{}')
  into v_results, v_done, v_failed, v_gone
  from (select id, fence, status from ended union all select id, fence, state from again) x;
  v_ok := core.task_free_slots(v_gone);
  v_ok := core.task_release_needing(v_done, v_failed);
  return core.task_finish_answer(p_project, p_items, v_results);
end
$$;
comment on function core.task_finish_any is 'Ends tasks with whatever outcomes, and counts them off the needs of others.';

-- What became of each: in p_results by its id and fence, or else as an earlier call left it under this very fence.
create function core.task_finish_answer(p_project text, p_items jsonb, p_results jsonb) returns json
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select json_agg(case
      when p_results ? i.claim then json_build_object('task', i.value -> 'task', 'status', p_results -> i.claim)
      when d.id is not null then json_build_object('task', i.value -> 'task', 'status', d.status, 'replayed', true)
      when t.id is not null then json_build_object('task', i.value -> 'task', 'status', t.state, 'replayed', true)
      else json_build_object('task', i.value -> 'task', 'status', 'stale') end order by i.ordinal)
    from (select e.value, e.ordinal, concat_ws(' ', e.value ->> 'task', e.value ->> 'fence') as claim
      from jsonb_array_elements(p_items) with ordinality as e (value, ordinal)) i
    left join lateral (
      select d.id, d.status from core.task_done d
      where d.id = (i.value ->> 'task')::uuid and d.project || '' = p_project and d.fence = (i.value ->> 'fence')::bigint
        and (d.status || '' = i.value ->> 'outcome' or d.status || '' = 'dead' and i.value ->> 'outcome' = 'failed') limit 1) d on true
    -- Given back under this very fence; one that is taken from its worker loses the fence.
    left join lateral (
      select t.id, t.state from core.task t
      where t.id = (i.value ->> 'task')::uuid and t.project || '' = p_project and t.fence = (i.value ->> 'fence')::bigint
        and t.state || '' <> 'running' and i.value ->> 'outcome' in ('failed', 'released') limit 1) t on true);
end
$$;
comment on function core.task_finish_answer is 'Answers reports on tasks: their status, a replay, or stale.';

-- Slots of tasks that do not run any more. Those beyond the group's present number go.
create function core.task_free_slots(p_tasks uuid[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.task_slot where task = any (p_tasks)) then return false; end if;
  delete from core.task_slot s where s.task = any (p_tasks)
    and s.slot > coalesce((select concurrency from core.task_group g where g.project = s.project and g.queue = s.queue and g.group_name = s.group_name), 1);
  update core.task_slot set task = null where task = any (p_tasks);
  return true;
end
$$;
comment on function core.task_free_slots is 'Gives back the slots of tasks that have ended or were given back.';

-- Takes ended tasks from the needs of those that wait for them. The counters change under row locks that the caller holds,
-- so the last need to end releases the task, exactly once. Emits an event for each task that is blocked or dead.
create function core.task_release_needing(p_done uuid[], p_failed uuid[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row record;
begin
  if p_done <> '{}' and exists (select from core.task_need where need = any (p_done)) then
    update core.task t set open_needs = t.open_needs - n.count, state = core.task_state(t.open_needs - n.count::int, t.failed_needs, t.run_at)
    from (select task, count(*) as count from core.task_need where need = any (p_done) group by task) n where t.id = n.task;
    delete from core.task_need where need = any (p_done);
  end if;
  if p_failed = '{}' then return true; end if;
  for v_row in select id, project, queue, kind, attempt, error from core.task_done where id = any (p_failed) and status = 'dead' order by id loop
    perform core.emit('task', v_row.project, 'dead', jsonb_build_object('task', v_row.id, 'queue', v_row.queue, 'kind', v_row.kind,
      'attempt', v_row.attempt, 'error', left(v_row.error, 1000)));
  end loop;
  for v_row in
    update core.task t set open_needs = t.open_needs - n.count, failed_needs = t.failed_needs + n.count, state = 'blocked'
    from (select task, count(*) as count from core.task_need where need = any (p_failed) group by task) n where t.id = n.task
    returning t.id, t.project, t.queue, t.kind
  loop
    perform core.emit('task', v_row.project, 'blocked', jsonb_build_object('task', v_row.id, 'queue', v_row.queue, 'kind', v_row.kind));
  end loop;
  return true;
end
$$;
comment on function core.task_release_needing is 'Counts ended tasks off the needs of those that wait for them.';

-- What waits for workers in all queues of a project, as of the last count. Null before the first one.
create function core.task_backlog(p_project text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select sum(c.ready)::bigint from core.task_count c where c.queue <> '' and c.project = p_project);
end
$$;
comment on function core.task_backlog is 'Tasks of a project that are ready to be claimed.';

-- Which of these queues, projects and queues in the same order, have something to claim, also what a dead worker held. One statement for
-- all of them. Each look is ordered as its index and takes the first row, and nothing but that index is offered: as exists the planner reads
-- tables, because it takes a third of them for overdue.
create function core.task_ready_queues(p_projects text[], p_queues text[]) returns table (project text, queue text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return query select q.project, q.queue from unnest(p_projects, p_queues) as q (project, queue)
  where coalesce(
    (select true from core.task t where t.project = q.project and t.queue = q.queue and t.state = 'ready' and t.group_name is null
      order by t.priority, t.run_at, t.id limit 1),
    (select true from core.task t where t.project = q.project and t.queue = q.queue and t.state = 'scheduled' and t.run_at <= (select clock_timestamp())
      order by t.run_at limit 1),
    (select true from core.task t where t.project = q.project and t.queue = q.queue and t.state = 'running' and t.leased_until <= (select clock_timestamp())
      order by t.leased_until limit 1),
    (select true from core.task_slot s where s.project = q.project and s.queue = q.queue and s.task is null and exists (
      select from core.task t where t.project = s.project and t.queue = s.queue and t.group_name = s.group_name and t.state = 'ready') limit 1));
end
$$;
comment on function core.task_ready_queues is 'Which of many queues have something to claim.';

-- supabase/schemas/84_task/50_settle.sql

-- Reports what became of up to 1,000 tasks: [{task, fence, outcome, result, error, delay_ms}] with the outcomes done, failed, dead and
-- released. Each is answered on its own with its status, or stale: the claim is over, and nothing was written.
-- A repetition is answered as the first time. Locks: the tasks and those that need them, in the order of their ids.
create function core_api.task_settle(p_items jsonb, p_project text default null) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(p_items);
  v_project text := core.task_enter(p_project, null, p_items);
begin
  return json_build_object('ok', true, 'tasks', core.task_finish(v_project, p_items));
end
$$;
comment on function core_api.task_settle is 'Reports what became of claimed tasks; what is stale changes nothing.';
revoke execute on function core_api.task_settle from public;
grant execute on function core_api.task_settle to core_member, service_role;

-- The same for one task. stale (task_stale) is a denial here.
create function core.task_settle_one(p_project text, p_item jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(jsonb_build_array(p_item));
  v_answer jsonb := (core.task_finish(p_project, jsonb_build_array(p_item)) -> 0)::jsonb;
begin
  if v_answer ->> 'status' <> 'stale' then return jsonb_build_object('ok', true) || v_answer; end if;
  v_ok := core.task_require_known(p_project, (p_item ->> 'task')::uuid);
  return jsonb_build_object('ok', false, 'code', 'task_stale', 'task', p_item -> 'task');
end
$$;
comment on function core.task_settle_one is 'Ends one task under its fence, or says that the fence is stale.';

create function core.task_require_known(p_project text, p_task uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.task where id = p_task and project = p_project)
    and not exists (select from core.task_done where id = p_task and project = p_project) then
    perform core.refuse('PT404', 'task_not_found', 'there is no such task', 'A task that has ended is known for its retention.');
  end if;
  return true;
end
$$;
comment on function core.task_require_known is 'Raises PT404 for a task that is not there, or another project''s.';

create function core_api.task_complete(p_task uuid, p_fence bigint, p_result jsonb default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
  v_ok boolean := core.require_exact('result', p_result);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'outcome', 'done'))
    || case when p_result is null then '{}' else jsonb_build_object('result', p_result) end);
end
$$;
comment on function core_api.task_complete is 'Ends a claimed task as done, with its result. task_stale where the claim is over.';
revoke execute on function core_api.task_complete from public;
grant execute on function core_api.task_complete to core_member, service_role;

-- p_retry false: dead at once. p_delay_ms null: after its back-off.
create function core_api.task_fail(p_task uuid, p_fence bigint, p_error text, p_retry boolean default true, p_delay_ms bigint default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'error', p_error, 'delay_ms', p_delay_ms,
    'outcome', case when p_retry then 'failed' else 'dead' end)));
end
$$;
comment on function core_api.task_fail is 'Gives a claimed task back as failed: again after its back-off (p_delay_ms null) or a delay, dead when no attempt is left.';
revoke execute on function core_api.task_fail from public;
grant execute on function core_api.task_fail to core_member, service_role;

create function core_api.task_release(p_task uuid, p_fence bigint, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'outcome', 'released')));
end
$$;
comment on function core_api.task_release is 'Gives a claimed task back at once; the attempt is not counted.';
revoke execute on function core_api.task_release from public;
grant execute on function core_api.task_release to core_member, service_role;

-- supabase/schemas/84_task/60_operate.sql

create function core_api.task_get(p_task uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('task:enqueue', p_project);
  v_view jsonb;
  v_ok boolean;
begin
  select core.task_view(t) into v_view from core.task t where t.id = p_task and t.project = v_project;
  if v_view is null then select core.task_done_view(d) into v_view from core.task_done d where d.id = p_task and d.project = v_project; end if;
  if v_view is null then v_ok := core.task_require_known(v_project, p_task); end if;
  return jsonb_build_object('ok', true) || v_view;
end
$$;
comment on function core_api.task_get is 'A task with its state, error and result. PT404 where there is none.';
revoke execute on function core_api.task_get from public;
grant execute on function core_api.task_get to core_member, service_role;

-- Tasks of a project, the newest first. p_queue null: of all queues; p_status null: open ones, then those that have ended come with a status
-- of their own (done, dead, cancelled). p_before: the last task of the page before.
create function core_api.task_list(p_queue text default null, p_status text default null, p_before uuid default null, p_limit int default 100,
  p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('task:enqueue', p_project);
  v_rows jsonb;
  v_next uuid;
begin
  v_ok := core.require_page(p_limit);
  if p_status is not null and p_status not in ('ready', 'scheduled', 'pending', 'blocked', 'running', 'done', 'dead', 'cancelled') then
    perform core.refuse('PT400', 'invalid_status', 'status must be ready, scheduled, pending, blocked, running, done, dead or cancelled', null,
      jsonb_build_object('field', 'status'));
  end if;
  with recursive queue (name) as ( -- those of finished tasks, by the index in which each has its own in order
    select coalesce(p_queue, (select min(d.queue) from core.task_done d where d.project = v_project)) where p_status = 'done'
    union all
    select (select min(d.queue) from core.task_done d where d.project = v_project and d.queue > q.name) from queue q where p_queue is null and q.name is not null
  )
  select coalesce(jsonb_agg(x.view order by x.id desc), '[]'), case when count(*) = p_limit then (array_agg(x.id order by x.id))[1] end
  into v_rows, v_next
  from (
    (select t.id, core.task_view(t) as view from core.task t
     where t.project = v_project and (p_queue is null or t.queue = p_queue) and (p_before is null or t.id < p_before)
       and (p_status is null or p_status not in ('done', 'dead', 'cancelled') and t.state = p_status)
       -- As the indexes have them, which is all of them.
       and (t.state = 'ready' and t.group_name is null or t.state = 'ready' and t.group_name is not null or t.state = 'scheduled' or t.state = 'running'
         or t.state in ('pending', 'blocked'))
     order by t.id desc limit p_limit)
    union all
    (select d.id, core.task_done_view(d.*::core.task_done) from queue q cross join lateral (
       select * from core.task_done e where e.project = v_project and e.queue = q.name and e.status = 'done' and (p_before is null or e.id < p_before)
       order by e.id desc limit p_limit) d
     order by d.id desc limit p_limit)
    union all -- few of many: by an index of their own
    (select d.id, core.task_done_view(d) from core.task_done d
     where p_status in ('dead', 'cancelled') and d.project = v_project and (p_queue is null or d.queue = p_queue) and d.status = p_status
       and d.status <> 'done' and (p_before is null or d.id < p_before)
     order by d.id desc limit p_limit)
  ) x;
  return jsonb_build_object('ok', true, 'tasks', v_rows, 'next', v_next);
end
$$;
comment on function core_api.task_list is 'Tasks of a project, newest first: the open ones, or those of one status.';
revoke execute on function core_api.task_list from public;
grant execute on function core_api.task_list to core_member, service_role;

-- Ends an open task as cancelled, also one that is running: its worker's writes are refused from then on. Idempotent.
-- Locks: the task and those that need it, in the order of their ids, then its slot.
create function core_api.task_cancel(p_task uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('task:operate', p_project);
  v_locked uuid[];
  v_before text;
begin
  select array[p_task] || coalesce(array_agg(n.task), '{}') into v_locked from core.task_need n where n.need = p_task;
  perform from core.task t where t.project || '' = v_project and t.id = any (v_locked) order by t.id for update;
  select state into v_before from core.task where id = p_task and project = v_project;
  if v_before is null then
    v_ok := core.task_require_known(v_project, p_task);
    return (select jsonb_build_object('ok', true, 'cancelled', false) || core.task_done_view(d) from core.task_done d where d.id = p_task);
  end if;
  v_ok := core.task_end(array[p_task], 'cancelled', null);
  v_ok := core.task_free_slots(array[p_task]);
  perform core.audit('task.cancel', 'task:' || p_task, v_project, jsonb_build_object('status', v_before), jsonb_build_object('status', 'cancelled'));
  return (select jsonb_build_object('ok', true, 'cancelled', true) || core.task_done_view(d) from core.task_done d where d.id = p_task);
end
$$;
comment on function core_api.task_cancel is 'Cancels an open task; what needs it is blocked.';
revoke execute on function core_api.task_cancel from public;
grant execute on function core_api.task_cancel to core_member, service_role;

-- Opens a dead or cancelled task again, with all its attempts. What it had blocked waits for it again. Idempotent: one
-- that is open is answered as it is. task_unique: an open one has its unique key. Locks: the task that has ended, then those that need it.
create function core_api.task_retry(p_task uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('task:operate', p_project);
  v_done core.task_done;
  v_row core.task;
begin
  select * into v_done from core.task_done d where d.id = p_task and d.project = v_project for update;
  if v_done.id is null then
    select * into v_row from core.task t where t.id = p_task and t.project = v_project;
    if v_row.id is null then v_ok := core.task_require_known(v_project, p_task); end if;
    return jsonb_build_object('ok', true, 'retried', false) || core.task_view(v_row);
  elsif v_done.status = 'done' then
    return jsonb_build_object('ok', false, 'code', 'task_done', 'task', p_task);
  end if;
  perform from core.task t where t.project || '' = v_project and t.id in (select n.task from core.task_need n where n.need = p_task) order by t.id for update;
  insert into core.task (id, project, queue, key, kind, payload, state, priority, run_at, group_name, unique_key, max_attempts, backoff_ms, error, created_at, created_by)
  values (v_done.id, v_done.project, v_done.queue, v_done.key, v_done.kind, v_done.payload, 'ready', v_done.priority, clock_timestamp(), v_done.group_name,
    v_done.unique_key, v_done.max_attempts, v_done.backoff_ms, v_done.error, v_done.created_at, v_done.created_by)
  on conflict do nothing returning * into v_row;
  if v_row.id is null then return jsonb_build_object('ok', false, 'code', 'task_unique', 'task', p_task, 'unique_key', v_done.unique_key); end if;
  delete from core.task_done where id = p_task;
  update core.task t set failed_needs = t.failed_needs - 1, open_needs = t.open_needs + 1, state = core.task_state(t.open_needs + 1, t.failed_needs - 1, t.run_at)
  where t.id in (select n.task from core.task_need n where n.need = p_task);
  v_ok := core.task_open_slots(v_project, v_done.queue, array[v_done.group_name]);
  perform core.audit('task.retry', 'task:' || p_task, v_project, jsonb_build_object('status', v_done.status), jsonb_build_object('status', v_row.state));
  return jsonb_build_object('ok', true, 'retried', true) || core.task_view(v_row);
end
$$;
comment on function core_api.task_retry is 'Opens a dead or cancelled task again and releases what it had blocked.';
revoke execute on function core_api.task_retry from public;
grant execute on function core_api.task_retry to core_member, service_role;

-- Sets how many tasks of a group run at a time; what runs beyond it ends first. A group without a setting runs one.
-- Idempotent. Locks: the group's row, then its slots.
create function core_api.task_group_set(p_queue text, p_group text, p_concurrency int, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('task:operate', p_project);
  v_before int;
begin
  v_ok := core.require_project(v_project);
  v_ok := core.require_name('queue', p_queue);
  v_ok := core.require_name('group', p_group);
  v_ok := core.require_range('concurrency', p_concurrency, 1, 1000);
  perform pg_advisory_xact_lock(hashtextextended('task_group:' || v_project, 0));
  select concurrency into v_before from core.task_group where project = v_project and queue = p_queue and group_name = p_group;
  if v_before is null and (select count(*) from (select from core.task_group where project = v_project limit 10000) g) >= 10000 then
    return core.bound_reached('groups with a setting', 10000);
  end if;
  insert into core.task_group as g (project, queue, group_name, concurrency) values (v_project, p_queue, p_group, p_concurrency)
  on conflict on constraint task_group_pkey do update set concurrency = excluded.concurrency;
  insert into core.task_slot (project, queue, group_name, slot) select v_project, p_queue, p_group, s from generate_series(1, p_concurrency) s order by s
  on conflict on constraint task_slot_pkey do nothing;
  delete from core.task_slot where project = v_project and queue = p_queue and group_name = p_group and slot > p_concurrency and task is null;
  if v_before is distinct from p_concurrency then
    perform core.audit('task.group', format('task_group:%s:%s', p_queue, p_group), v_project,
      case when v_before is not null then jsonb_build_object('concurrency', v_before) end, jsonb_build_object('concurrency', p_concurrency));
  end if;
  return jsonb_build_object('ok', true, 'queue', p_queue, 'group', p_group, 'concurrency', p_concurrency);
end
$$;
comment on function core_api.task_group_set is 'Sets how many tasks of a group may run at a time.';
revoke execute on function core_api.task_group_set from public;
grant execute on function core_api.task_group_set to core_member, service_role;

-- How much is open and how much is dead in each queue of a project, counted at most once in five seconds. At most 1,000 queues.
create function core_api.task_stats(p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('task:enqueue', p_project);
  v_rows jsonb;
begin
  if not exists (select from core.task_count where project = v_project and counted_at > clock_timestamp() - interval '5 seconds')
    and pg_try_advisory_xact_lock(hashtextextended('task_count:' || v_project, 0)) then
    perform core.task_recount(v_project);
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('queue', c.queue, 'ready', c.ready, 'waiting', c.waiting, 'running', c.running, 'blocked', c.blocked,
    'dead', c.dead, 'oldest_at', c.oldest_at, 'counted_at', c.counted_at) order by c.queue), '[]') into v_rows
  from (select * from core.task_count where project = v_project and queue <> '' order by queue limit 1000) c;
  return jsonb_build_object('ok', true, 'queues', v_rows);
end
$$;
comment on function core_api.task_stats is 'Open and dead tasks of a project by queue.';
revoke execute on function core_api.task_stats from public;
grant execute on function core_api.task_stats to core_member, service_role;

-- One look for each index.
create function core.task_group_is_empty(p_project text, p_queue text, p_group text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return not exists (select from core.task t where t.project = p_project and t.queue = p_queue and t.group_name = p_group and t.state = 'ready')
    and not exists (select from core.task t where t.project = p_project and t.queue = p_queue and t.group_name = p_group and t.state = 'running')
    and not exists (select from core.task t where t.project = p_project and t.queue = p_queue and t.group_name = p_group and t.state = 'scheduled')
    and not exists (select from core.task t where t.project = p_project and t.queue = p_queue and t.group_name = p_group
      and t.state in ('pending', 'blocked'));
end
$$;
comment on function core.task_group_is_empty is 'Whether no open task is of this group.';

-- What needs doing when no worker asks: takes tasks from dead workers, counts, forgets what ended before p_keep, and drops
-- slots of groups without tasks. At most p_limit of each. Owner only.
create function core_api.task_sweep(p_keep interval default '7 days', p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_queue record;
  v_reaped int := 0;
  v_swept int;
  v_idle tid[];
begin
  v_ok := core.authorize('task:sweep', null);
  v_ok := core.require_page(p_limit);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  end if;
  -- From queue to queue in the indexes, which begin with them.
  for v_queue in
    with recursive running as (
      (select t.project, t.queue from core.task t where t.state = 'running' order by t.project, t.queue limit 1)
      union all
      select n.project, n.queue from running r cross join lateral (
        select t.project, t.queue from core.task t where t.state = 'running' and (t.project, t.queue) > (r.project, r.queue)
        order by t.project, t.queue limit 1) n
    ), scheduled as (
      (select t.project, t.queue from core.task t where t.state = 'scheduled' order by t.project, t.queue limit 1)
      union all
      select n.project, n.queue from scheduled s cross join lateral (
        select t.project, t.queue from core.task t where t.state = 'scheduled' and (t.project, t.queue) > (s.project, s.queue)
        order by t.project, t.queue limit 1) n
    )
    select r.project, r.queue from running r where exists (
      select from core.task t where t.project = r.project and t.queue = r.queue and t.state = 'running' and t.leased_until <= (select clock_timestamp()))
    union
    select s.project, s.queue from scheduled s where exists (
      select from core.task t where t.project = s.project and t.queue = s.queue and t.state = 'scheduled' and t.run_at <= (select clock_timestamp()))
    order by 1, 2
  loop
    v_reaped := v_reaped + core.task_refresh(v_queue.project, v_queue.queue, p_limit);
  end loop;
  -- What an open task waits for stays known while it waits.
  with old as (
    select d.id from core.task_done d where d.finished_at < (select clock_timestamp() - p_keep) and not exists (select from core.task_need n where n.need = d.id)
    order by d.finished_at limit p_limit for update skip locked
  ), gone as (
    delete from core.task_done d using old where d.id = old.id returning d.id, d.project, d.key
  ), forgotten as (
    delete from core.task_key k using gone g where k.key = g.key and k.project = g.project
  )
  select count(*) into v_swept from gone;
  -- Locked first, looked at again afterwards: a call that enqueues for the group meanwhile waits, and makes them again.
  select array_agg(i.ctid) into v_idle from (
    select s.ctid from core.task_slot s where s.task is null
      and core.task_group_is_empty(s.project, s.queue, s.group_name)
      and not exists (select from core.task_group g where g.project = s.project and g.queue = s.queue and g.group_name = s.group_name)
    order by s.project, s.queue, s.group_name, s.slot limit p_limit for update skip locked
  ) i;
  delete from core.task_slot s where s.ctid = any (v_idle) and s.task is null and core.task_group_is_empty(s.project, s.queue, s.group_name);
  for v_queue in
    select project from core.task_count group by project having min(counted_at) < clock_timestamp() - interval '15 seconds' order by project limit 100
  loop
    if pg_try_advisory_xact_lock(hashtextextended('task_count:' || v_queue.project, 0)) then perform core.task_recount(v_queue.project); end if;
  end loop;
  return jsonb_build_object('ok', true, 'reaped', v_reaped, 'swept', v_swept);
end
$$;
comment on function core_api.task_sweep is 'Takes tasks from dead workers, counts what is open, and deletes what ended before an interval. Owner only.';
revoke execute on function core_api.task_sweep from public;
grant execute on function core_api.task_sweep to service_role;

-- All queues in figures, as of their last counts. Owner only.
create function core_api.task_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('task:sweep', null);
begin
  return (select jsonb_build_object('ok', true, 'ready', coalesce(sum(c.ready), 0), 'waiting', coalesce(sum(c.waiting), 0),
    'running', coalesce(sum(c.running), 0), 'blocked', coalesce(sum(c.blocked), 0), 'dead', coalesce(sum(c.dead), 0),
    'oldest_s', coalesce(extract(epoch from clock_timestamp() - min(c.oldest_at)), 0)::float8) from core.task_count c);
end
$$;
comment on function core_api.task_totals is 'All queues in figures, as of the last counts. Owner only.';
revoke execute on function core_api.task_totals from public;
grant execute on function core_api.task_totals to service_role;

-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
