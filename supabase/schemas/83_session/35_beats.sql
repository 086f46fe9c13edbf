-- Keeps many sessions alive in one statement, for a process that passes on the beats of many: [{session, project, status, metrics,
-- idle_ms}], whose right to each it has asked. Answers {at, session, fence, ends_at} for those it has kept, at counting from 0. The
-- others go alone: they would be refused, their session has ended, or it is named twice. At most 1,000. Naturally idempotent. Owner only. Locks: the
-- sessions, in the order of their ids.
create function core_api.session_beats(p_beats jsonb) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_ok boolean := core.authorize('session:operate', null);
  v_now timestamptz;
  v_answer json;
begin
  v_ok := core.require_exact('beats', p_beats);
  if p_beats is null or jsonb_typeof(p_beats) <> 'array' or jsonb_array_length(p_beats) not between 1 and 1000
    or p_beats @? 'strict $[*] ? (@.type() != "object")' then
    perform core.refuse('PT400', 'invalid_beats', 'beats must be a list of 1 to 1000 objects', null, jsonb_build_object('field', 'beats'));
  end if;
  perform from core.session s where s.id = any (array(select (b ->> 'session')::uuid from jsonb_array_elements(p_beats) b)) order by s.id
    for no key update;
  v_now := clock_timestamp();
  with beat as materialized (
    select (b.value ->> 'session')::uuid as session, b.value ->> 'project' as project, b.value ->> 'status' as status,
      coalesce(b.value -> 'metrics', '{}') as metrics, coalesce((b.value ->> 'idle_ms')::numeric, 0) as idle_ms, b.ordinal
    from jsonb_array_elements(p_beats) with ordinality as b (value, ordinal)
  ), kept as (
    update core.session s set
      status = coalesce(b.status, s.status),
      beat_at = v_now,
      progress_at = greatest(s.progress_at, v_now - b.idle_ms::double precision * interval '1 millisecond'),
      ends_at = v_now + make_interval(secs => s.ttl_s),
      requests = coalesce(floor((b.metrics -> 'requests')::numeric)::bigint, s.requests),
      errors = coalesce(floor((b.metrics -> 'errors')::numeric)::bigint, s.errors),
      p95_ms = coalesce((b.metrics -> 'p95_ms')::double precision, s.p95_ms),
      target_p95_ms = coalesce((b.metrics -> 'target_p95_ms')::double precision, s.target_p95_ms),
      backlog = coalesce(floor((b.metrics -> 'backlog')::numeric)::bigint, s.backlog)
    from beat b
    where s.id = b.session and s.project = b.project and s.ends_at > v_now
      and (b.status is null or b.status in ('starting', 'online', 'degraded', 'maintenance'))
      and b.idle_ms between 0 and 2592000000 and b.idle_ms % 1 = 0
      and jsonb_typeof(b.metrics) = 'object' and pg_column_size(b.metrics) <= 256
      and not b.metrics @? 'strict $.* ? (@.type() != "number" || @ < 0 || @ > 1000000000000)'
      and exists (select from core.root_name r where r.name = b.project and r.noun = 'project' and not r.is_archived)
    returning b.ordinal, s.id, s.fence, s.ends_at
  )
  select json_agg(json_build_object('at', k.ordinal - 1, 'session', k.id, 'fence', k.fence, 'ends_at', k.ends_at)) into v_answer from kept k;
  return json_build_object('ok', true, 'beats', coalesce(v_answer, '[]'));
end
$$;
comment on function core_api.session_beats is 'Keeps many sessions alive at once; a beat that is not answered goes alone. Owner only.';
revoke execute on function core_api.session_beats from public;
grant execute on function core_api.session_beats to service_role;
