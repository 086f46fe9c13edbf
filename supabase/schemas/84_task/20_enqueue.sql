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
