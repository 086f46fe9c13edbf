-- One round trip a second for everything that a process waits for.

-- Beats for a session, receives messages and claims tasks, each where its argument is given: p_beat {status, metrics, idle_ms},
-- p_messages {limit, visible_s, holder}, p_tasks {queues, worker, limit, lease_s}; with a session tasks are claimed for it. A session that has
-- ended (session_ended) receives and claims nothing. Each part needs its own scope. An answer that is lost leaves what it took held until
-- its time ends.
create function core_api.coordinator_poll(p_session uuid default null, p_beat jsonb default null, p_messages jsonb default null,
  p_tasks jsonb default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_beat jsonb;
  v_messages jsonb;
  v_tasks jsonb;
begin
  perform core.coordinator_require_parts(p_session, p_beat, p_messages, p_tasks);
  if p_beat is not null then
    v_beat := core_api.session_beat(p_session, p_beat ->> 'status', coalesce(p_beat -> 'metrics', '{}'), coalesce((p_beat ->> 'idle_ms')::bigint, 0), p_project);
    if not (v_beat -> 'ok')::boolean then return v_beat; end if;
  end if;
  if p_tasks is not null then
    v_tasks := core_api.task_claim(array(select jsonb_array_elements_text(p_tasks -> 'queues')), p_tasks ->> 'worker', coalesce((p_tasks ->> 'limit')::int, 1),
      coalesce((p_tasks ->> 'lease_s')::int, 90), p_session, p_project);
    if not (v_tasks -> 'ok')::boolean then return v_tasks; end if;
  end if;
  if p_messages is not null then
    v_messages := core_api.message_receive(coalesce((p_messages ->> 'limit')::int, 10), coalesce((p_messages ->> 'visible_s')::int, 30),
      p_messages ->> 'holder', p_project);
  end if;
  return jsonb_build_object('ok', true, 'ends_at', v_beat -> 'ends_at', 'messages', coalesce(v_messages -> 'messages', '[]'),
    'tasks', coalesce(v_tasks -> 'tasks', '[]'));
end
$$;
comment on function core_api.coordinator_poll is 'Beats, receives messages and claims tasks in one round trip.';
revoke execute on function core_api.coordinator_poll from public;
grant execute on function core_api.coordinator_poll to core_member, service_role;

-- Raises PT400 for a part that is no object, has an unknown member or one of the wrong type.
create function core.coordinator_require_parts(p_session uuid, p_beat jsonb, p_messages jsonb, p_tasks jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_fault text;
begin
  with part (name, value, known) as (values
    ('beat', p_beat, '{"status": "string", "metrics": "object", "idle_ms": "number"}'::jsonb),
    ('messages', p_messages, '{"limit": "number", "visible_s": "number", "holder": "string"}'::jsonb),
    ('tasks', p_tasks, '{"queues": "array", "worker": "string", "limit": "number", "lease_s": "number"}'::jsonb))
  select case when jsonb_typeof(p.value) <> 'object' then p.name else p.name || '.' || m.key end into v_fault
  from part p left join lateral jsonb_each(case jsonb_typeof(p.value) when 'object' then p.value else '{}' end) m on true
  where p.value is not null and (jsonb_typeof(p.value) <> 'object' or m.key is not null and (jsonb_typeof(m.value) is distinct from p.known ->> m.key
    or jsonb_typeof(m.value) = 'number' and ((m.value #>> '{}')::numeric not between 0 and 2147483647 or (m.value #>> '{}')::numeric % 1 <> 0)))
  order by 1 limit 1;
  if v_fault is not null then
    perform core.refuse('PT400', 'invalid_' || split_part(v_fault, '.', 1), format('%s is malformed or unknown', left(v_fault, 200)),
      'beat is {status, metrics, idle_ms}, messages {limit, visible_s, holder}, tasks {queues, worker, limit, lease_s}.',
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
-- claim, or to take from a dead process. At most 10,000 of each. Changes nothing. Owner only.
create function core_api.coordinator_ready(p_inboxes text[] default '{}', p_projects text[] default '{}', p_queues text[] default '{}') returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ok boolean := core.authorize('coordinator:operate', null);
begin
  if p_inboxes is null or p_projects is null or p_queues is null or cardinality(p_projects) <> cardinality(p_queues)
    or cardinality(p_inboxes) > 10000 or cardinality(p_queues) > 10000 then
    perform core.refuse('PT400', 'invalid_inboxes', 'at most 10000 inboxes, and as many projects as queues', null, jsonb_build_object('field', 'inboxes'));
  end if;
  return jsonb_build_object('ok', true,
    'inboxes', to_jsonb(array(select i.name from unnest(p_inboxes) as i (name) where core.message_is_ready(i.name) limit 10000)),
    'queues', (select coalesce(jsonb_agg(jsonb_build_object('project', q.project, 'queue', q.queue)), '[]')
      from unnest(p_projects, p_queues) as q (project, queue) where core.task_is_ready(q.project, q.queue)));
end
$$;
comment on function core_api.coordinator_ready is 'Which of many inboxes and queues have something for who waits. Owner only.';
revoke execute on function core_api.coordinator_ready from public;
grant execute on function core_api.coordinator_ready to service_role;
