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
