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
