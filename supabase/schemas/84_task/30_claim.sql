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
