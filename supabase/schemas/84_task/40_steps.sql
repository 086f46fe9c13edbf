-- How a task ends: the steps that other nouns call within their own transaction.

-- Ends tasks that a claim holds: [{task, fence, outcome, result, error, delay_ms}] with the outcomes done, failed (again after its
-- back-off, dead when no attempt is left), dead and released (the attempt is not counted). Answers by task what it is
-- by now, or stale: its claim is over, and nothing was written. A repetition is answered as the first time.
-- Locks: the tasks and those that need them, in the order of their ids, then slots.
create function core.task_finish(p_project text, p_items jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ids uuid[];
  v_locked uuid[];
  v_results jsonb;
  v_done uuid[];
  v_failed uuid[];
  v_gone uuid[];
begin
  select array_agg((i ->> 'task')::uuid) into v_ids from jsonb_array_elements(p_items) i;
  -- Those that need them, too. One list of ids: with a subquery beside it every open task of the project is read.
  select v_ids || coalesce(array_agg(n.task), '{}') into v_locked from core.task_need n where n.need = any (v_ids);
  perform from core.task t where t.project = p_project and t.id = any (v_locked) order by t.id for update;
  with item as materialized (
    select distinct on (t.id) t.id, i.value as data, t.attempt, t.max_attempts, t.backoff_ms,
      case when i.value ->> 'outcome' = 'failed' and t.attempt >= t.max_attempts then 'dead' else i.value ->> 'outcome' end as outcome
    from jsonb_array_elements(p_items) with ordinality as i (value, ordinal)
    join core.task t on t.id = (i.value ->> 'task')::uuid
    where t.id = any (v_ids) and t.project = p_project and t.state = 'running' and t.fence = (i.value ->> 'fence')::bigint and t.leased_until > clock_timestamp()
    order by t.id, i.ordinal
  ), again as (
    update core.task t set state = core.task_state(0, 0, r.run_at), run_at = r.run_at, attempt = t.attempt - (r.outcome = 'released')::int,
      error = coalesce(r.data ->> 'error', t.error), worker = null, session = null, leased_until = null
    from (
      select item.*, clock_timestamp() + case when outcome = 'released' then coalesce((data ->> 'delay_ms')::double precision, 0)
        else coalesce((data ->> 'delay_ms')::double precision, least(3600000, item.backoff_ms * 2 ^ (item.attempt - 1)) * (0.5 + random() / 2)) end
        * interval '1 millisecond' as run_at
      from item where outcome in ('failed', 'released')
    ) r where t.id = r.id returning t.id, t.state
  ), gone as (
    delete from core.task t using item where t.id = item.id and item.outcome in ('done', 'dead') returning t.*
  ), ended as (
    insert into core.task_done (id, project, queue, key, kind, payload, status, priority, group_name, unique_key, failed_needs, attempt, max_attempts,
      backoff_ms, result, error, worker, session, fence, created_at, created_by)
    select g.id, g.project, g.queue, g.key, g.kind, g.payload, item.outcome, g.priority, g.group_name, g.unique_key, g.failed_needs, g.attempt, g.max_attempts,
      g.backoff_ms, item.data -> 'result', case item.outcome when 'done' then g.error else coalesce(item.data ->> 'error', g.error) end,
      g.worker, g.session, g.fence, g.created_at, g.created_by
    from gone g join item on item.id = g.id order by g.id returning id, status
  )
  select coalesce(jsonb_object_agg(x.id, x.status), '{}'), coalesce(array_agg(x.id) filter (where x.status = 'done'), '{}'),
    coalesce(array_agg(x.id) filter (where x.status = 'dead'), '{}'), coalesce(array_agg(x.id), '{}')
  into v_results, v_done, v_failed, v_gone
  from (select id, status from ended union all select id, state from again) x;
  perform core.task_free_slots(v_gone);
  perform core.task_release_needing(v_done, v_failed);
  return (
    select jsonb_agg(case
      when v_results ? (i.value ->> 'task') then jsonb_build_object('task', i.value -> 'task', 'status', v_results -> (i.value ->> 'task'))
      when d.id is not null then jsonb_build_object('task', i.value -> 'task', 'status', d.status, 'replayed', true)
      when t.id is not null then jsonb_build_object('task', i.value -> 'task', 'status', t.state, 'replayed', true)
      else jsonb_build_object('task', i.value -> 'task', 'status', 'stale') end order by i.ordinal)
    from jsonb_array_elements(p_items) with ordinality as i (value, ordinal)
    left join core.task_done d on d.id = (i.value ->> 'task')::uuid and d.project = p_project and d.fence = (i.value ->> 'fence')::bigint
      and (d.status = i.value ->> 'outcome' or d.status = 'dead' and i.value ->> 'outcome' = 'failed')
    -- Given back under this very fence; one that is taken from its worker loses the fence.
    left join core.task t on t.id = (i.value ->> 'task')::uuid and t.id = any (v_ids) and t.project = p_project and t.fence = (i.value ->> 'fence')::bigint
      and t.state <> 'running' and i.value ->> 'outcome' in ('failed', 'released'));
end
$$;
comment on function core.task_finish is 'Ends tasks under their fences in the caller''s transaction; what is stale changes nothing.';

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

-- Whether a queue has something to claim, also what a dead worker held.
create function core.task_is_ready(p_project text, p_queue text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return exists (select from core.task where project = p_project and queue = p_queue and state = 'ready' and group_name is null)
    or exists (select from core.task where project = p_project and queue = p_queue and state = 'scheduled' and run_at <= clock_timestamp())
    or exists (select from core.task where project = p_project and queue = p_queue and state = 'running' and leased_until <= clock_timestamp())
    or exists (select from core.task_slot s where s.project = p_project and s.queue = p_queue and s.task is null and exists (
      select from core.task t where t.project = s.project and t.queue = s.queue and t.group_name = s.group_name and t.state = 'ready'));
end
$$;
comment on function core.task_is_ready is 'Whether a queue has something to claim.';
