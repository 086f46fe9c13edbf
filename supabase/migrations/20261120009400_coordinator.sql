-- Generated from supabase/schemas/93_coordinator by `npm run generate`. Do not edit.

-- supabase/schemas/93_coordinator/10_poll.sql

-- One round trip a second for everything that a process waits for.

-- Beats for a session, receives messages, reports on tasks and claims the next ones, each where its argument is given: p_beat {status,
-- metrics, idle_ms}, p_messages {limit, visible_s, holder}, p_tasks {queues, worker, limit, lease_s, reports}. The reports, as task_settle takes
-- them, come first: what they free can be claimed. With a session tasks are claimed for it; one that has ended (session_ended) reports,
-- receives and claims nothing. Each part needs its own scope. An answer that is lost leaves what it took held until its time ends.
create function core_api.coordinator_poll(p_session uuid default null, p_beat jsonb default null, p_messages jsonb default null,
  p_tasks jsonb default null, p_project text default null) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_beat jsonb;
  v_messages jsonb;
  v_reports jsonb := p_tasks -> 'reports';
  v_settled json;
  v_tasks json;
  v_owner text;
  v_ok boolean;
begin
  v_ok := core.coordinator_require_parts(p_session, p_beat, p_messages, p_tasks);
  if p_beat is not null then
    v_beat := core_api.session_beat(p_session, p_beat ->> 'status', coalesce(p_beat -> 'metrics', '{}'), coalesce((p_beat ->> 'idle_ms')::bigint, 0), p_project);
    if not (v_beat -> 'ok')::boolean then return v_beat; end if;
  end if;
  if v_reports is not null and v_reports <> '[]' then
    v_ok := core.task_require_items(v_reports);
    v_owner := core.task_enter(p_project, null, v_reports);
    if p_session is not null and not core.session_is_live(v_owner, p_session) then
      return json_build_object('ok', false, 'code', 'session_ended', 'session', p_session);
    end if;
    v_settled := core.task_finish(v_owner, v_reports);
  end if;
  if p_tasks is not null then
    v_tasks := core_api.task_claim(array(select jsonb_array_elements_text(p_tasks -> 'queues')), p_tasks ->> 'worker', coalesce((p_tasks ->> 'limit')::int, 1),
      coalesce((p_tasks ->> 'lease_s')::int, 90), p_session, p_project);
    if not (v_tasks ->> 'ok')::boolean then return v_tasks; end if;
  end if;
  if p_messages is not null then
    v_messages := core_api.message_receive(coalesce((p_messages ->> 'limit')::int, 10), coalesce((p_messages ->> 'visible_s')::int, 30),
      p_messages ->> 'holder', p_project);
  end if;
  return json_build_object('ok', true, 'ends_at', v_beat -> 'ends_at', 'messages', coalesce(v_messages -> 'messages', '[]'),
    'settled', coalesce(v_settled, '[]'), 'tasks', coalesce(v_tasks -> 'tasks', '[]'));
end
$$;
comment on function core_api.coordinator_poll is 'Beats, receives messages, reports on tasks and claims the next ones in one round trip.';
revoke execute on function core_api.coordinator_poll from public;
grant execute on function core_api.coordinator_poll to core_member, service_role;

-- Raises PT400 for a part that is no object, has an unknown member or one of the wrong type.
create function core.coordinator_require_parts(p_session uuid, p_beat jsonb, p_messages jsonb, p_tasks jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_fault text;
  v_ok boolean;
begin
  v_ok := core.require_exact('tasks', case jsonb_typeof(p_tasks) when 'object' then p_tasks - 'reports' else p_tasks end); -- core.task_require_items looks at those
  -- What a worker asks for again and again is looked at without a statement.
  if p_beat is null and p_messages is null and jsonb_typeof(p_tasks) = 'object' and p_tasks - '{queues,worker,limit,lease_s,reports}'::text[] = '{}'
    and jsonb_typeof(p_tasks -> 'queues') = 'array' and jsonb_typeof(p_tasks -> 'worker') = 'string'
    and coalesce(jsonb_typeof(p_tasks -> 'reports'), 'array') = 'array'
    and coalesce(jsonb_typeof(p_tasks -> 'limit'), 'number') = 'number' and coalesce(p_tasks ->> 'limit', '1') ~ '^[0-9]{1,9}$'
    and coalesce(jsonb_typeof(p_tasks -> 'lease_s'), 'number') = 'number' and coalesce(p_tasks ->> 'lease_s', '1') ~ '^[0-9]{1,9}$' then
    return true;
  end if;
  v_ok := core.require_exact('beat', p_beat);
  v_ok := core.require_exact('messages', p_messages);
  with part (name, value, known) as (values
    ('beat', p_beat, '{"status": "string", "metrics": "object", "idle_ms": "number"}'::jsonb),
    ('messages', p_messages, '{"limit": "number", "visible_s": "number", "holder": "string"}'::jsonb),
    ('tasks', p_tasks, '{"queues": "array", "worker": "string", "limit": "number", "lease_s": "number", "reports": "array"}'::jsonb))
  select case when jsonb_typeof(p.value) <> 'object' then p.name else p.name || '.' || m.key end into v_fault
  from part p left join lateral jsonb_each(case jsonb_typeof(p.value) when 'object' then p.value else '{}' end) m on true
  where p.value is not null and (jsonb_typeof(p.value) <> 'object' or m.key is not null and (jsonb_typeof(m.value) is distinct from p.known ->> m.key
    or jsonb_typeof(m.value) = 'number' and ((m.value #>> '{}')::numeric not between 0 and 2147483647 or (m.value #>> '{}')::numeric % 1 <> 0)))
  order by 1 limit 1;
  if v_fault is not null then
    perform core.refuse('PT400', 'invalid_' || split_part(v_fault, '.', 1), format('%s is malformed or unknown', left(v_fault, 200)),
      'beat is {status, metrics, idle_ms}, messages {limit, visible_s, holder}, tasks {queues, worker, limit, lease_s, reports}.',
      jsonb_build_object('field', split_part(v_fault, '.', 1)));
  elsif p_beat is not null and p_session is null then
    perform core.refuse('PT400', 'invalid_session', 'a beat needs a session', 'Open one.', jsonb_build_object('field', 'session'));
  elsif p_beat is null and p_messages is null and p_tasks is null then
    perform core.refuse('PT400', 'invalid_poll', 'poll for at least one of beat, messages and tasks', null, jsonb_build_object('field', 'messages'));
  end if;
  return true;
end
$$;
comment on function core.coordinator_require_parts is 'Raises PT400 unless the parts of a poll are objects with known members.';

-- For a process that waits for many: which of these inboxes, and of these queues ([{project, queue}]), have something to receive or to
-- claim, or to take from a dead process, and which of these messages have their reply. At most 10,000 of each. Changes nothing. Owner only.
create function core_api.coordinator_ready(p_inboxes text[] default '{}', p_projects text[] default '{}', p_queues text[] default '{}',
  p_messages uuid[] default '{}') returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ok boolean := core.authorize('coordinator:operate', null);
begin
  if p_inboxes is null or p_projects is null or p_queues is null or cardinality(p_projects) <> cardinality(p_queues)
    or p_messages is null or cardinality(p_inboxes) > 10000 or cardinality(p_queues) > 10000 or cardinality(p_messages) > 10000 then
    perform core.refuse('PT400', 'invalid_inboxes', 'at most 10000 inboxes and messages, and as many projects as queues', null, jsonb_build_object('field', 'inboxes'));
  end if;
  return jsonb_build_object('ok', true,
    'inboxes', to_jsonb(array(select i.name from unnest(p_inboxes) as i (name) where core.message_is_ready(i.name) limit 10000)),
    'replies', to_jsonb(array(select m.id from unnest(p_messages) as m (id) where core.message_is_answered(m.id) limit 10000)),
    'queues', (select coalesce(jsonb_agg(jsonb_build_object('project', q.project, 'queue', q.queue)), '[]')
      from core.task_ready_queues(p_projects, p_queues) q));
end
$$;
comment on function core_api.coordinator_ready is 'Which of many inboxes, queues and messages have something for who waits. Owner only.';
revoke execute on function core_api.coordinator_ready from public;
grant execute on function core_api.coordinator_ready to service_role;

-- For a process with many loops: whether the inbox of the project, where p_inbox asks for it, and which of these queues have something
-- to receive or to claim, or to take from a dead process. At most 1,000 queues. Changes nothing. Each part needs its own scope.
create function core_api.coordinator_waiting(p_inbox boolean default false, p_queues text[] default '{}', p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ok boolean;
  v_project text;
  v_queue text;
begin
  if p_inbox is null or p_queues is null or cardinality(p_queues) > 1000 or not p_inbox and p_queues = '{}' then
    perform core.refuse('PT400', 'invalid_queues', 'ask for the inbox or for 1 to 1000 queues', null, jsonb_build_object('field', 'queues'));
  end if;
  if p_inbox then v_project := core.enter('message:receive', p_project); end if;
  if p_queues <> '{}' then
    v_project := core.enter_shared('task:work', 'queue', p_project, p_queues[1], 'work');
    if core.member_claims() ->> 'project' <> v_project then
      foreach v_queue in array p_queues loop v_ok := core.reach('queue', v_project, v_queue, 'work'); end loop;
    end if;
  end if;
  return jsonb_build_object('ok', true, 'inbox', p_inbox and core.message_is_ready(v_project),
    'queues', to_jsonb(array(select q.queue from core.task_ready_queues(array_fill(v_project, array[cardinality(p_queues)]), p_queues) q limit 1000)));
end
$$;
comment on function core_api.coordinator_waiting is 'Whether the inbox of a project, and which of its queues, have something for who waits.';
revoke execute on function core_api.coordinator_waiting from public;
grant execute on function core_api.coordinator_waiting to core_member, service_role;

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
