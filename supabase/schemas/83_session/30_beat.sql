-- The figures that a process reports: numbers in their range.
create function core.session_require_metrics(p_metrics jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.require_object('metrics', p_metrics);
  v_name text;
begin
  foreach v_name in array '{requests,errors,p95_ms,target_p95_ms,backlog}'::text[] loop
    continue when p_metrics -> v_name is null;
    if jsonb_typeof(p_metrics -> v_name) <> 'number' then
      perform core.refuse('PT400', 'invalid_metrics', format('metrics.%s must be a number', v_name), null,
        jsonb_build_object('field', 'metrics.' || v_name));
    end if;
    v_ok := core.require_range('metrics.' || v_name, (p_metrics -> v_name)::numeric, 0, 1000000000000);
  end loop;
  return true;
end
$$;
comment on function core.session_require_metrics is 'Raises PT400 unless the figures are numbers in their range.';

-- Keeps a session alive. p_metrics: requests and errors of the last minute, p95_ms, target_p95_ms, backlog; what is left
-- out stays. p_idle_ms: since when the process got nothing done. A session that has ended is refused (session_ended): the process
-- opens another one. p_status null keeps it. Naturally idempotent. Locks: the session.
create function core_api.session_beat(p_session uuid, p_status text default null, p_metrics jsonb default '{}', p_idle_ms bigint default 0,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_fence bigint;
  v_ends_at timestamptz;
begin
  if p_status is not null then v_ok := core.session_require_status(p_status); end if;
  -- Mostly they are a few numbers of at most three decimal places, which is asked at once.
  if p_metrics is null or jsonb_typeof(p_metrics) <> 'object' or pg_column_size(p_metrics) > 256 or p_metrics @?
    'strict $.* ? (@.type() != "number" || @ < 0 || @ > 1000000000000 || @ * 1000 != (@ * 1000).floor())' then
    v_ok := core.session_require_metrics(p_metrics);
  end if;
  if p_idle_ms is null or p_idle_ms not between 0 and 2592000000 then v_ok := core.require_range('idle_ms', p_idle_ms, 0, 2592000000); end if;
  update core.session s set
    status = coalesce(p_status, s.status),
    beat_at = clock_timestamp(),
    progress_at = greatest(s.progress_at, clock_timestamp() - p_idle_ms * interval '1 millisecond'),
    ends_at = clock_timestamp() + make_interval(secs => s.ttl_s),
    requests = coalesce(floor((p_metrics -> 'requests')::numeric)::bigint, s.requests),
    errors = coalesce(floor((p_metrics -> 'errors')::numeric)::bigint, s.errors),
    p95_ms = coalesce((p_metrics -> 'p95_ms')::double precision, s.p95_ms),
    target_p95_ms = coalesce((p_metrics -> 'target_p95_ms')::double precision, s.target_p95_ms),
    backlog = coalesce(floor((p_metrics -> 'backlog')::numeric)::bigint, s.backlog)
  where s.id = p_session and s.project = v_project and s.ends_at > clock_timestamp()
  returning s.fence, s.ends_at into v_fence, v_ends_at;
  if v_fence is null then
    v_ok := core.session_require_known(p_session, v_project);
    return jsonb_build_object('ok', false, 'code', 'session_ended', 'session', p_session);
  end if;
  return jsonb_build_object('ok', true, 'session', p_session, 'fence', v_fence, 'ends_at', v_ends_at);
end
$$;
comment on function core_api.session_beat is 'Keeps a session alive and takes its status and figures; p_status null keeps it. A session that has ended stays ended.';
revoke execute on function core_api.session_beat from public;
grant execute on function core_api.session_beat to core_member, service_role;

create function core.session_require_known(p_session uuid, p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.session where id = p_session and project = p_project) then
    perform core.refuse('PT404', 'session_not_found', 'there is no such session', 'Open one. A session is forgotten an hour after its end.');
  end if;
  return true;
end
$$;
comment on function core.session_require_known is 'Raises PT404 for a session that is not there, or another project''s.';

-- Ends a session. Idempotent: one that has ended is answered alike. Locks: the session.
create function core_api.session_close(p_session uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
begin
  update core.session set ends_at = clock_timestamp() where id = p_session and project = v_project and ends_at > clock_timestamp();
  if found then return jsonb_build_object('ok', true, 'closed', true); end if;
  v_ok := core.session_require_known(p_session, v_project);
  return jsonb_build_object('ok', true, 'closed', false);
end
$$;
comment on function core_api.session_close is 'Ends a session; closed is false where it had ended before.';
revoke execute on function core_api.session_close from public;
grant execute on function core_api.session_close to core_member, service_role;

-- The live sessions of a project, in the order in which they were opened. p_after: the last session of the page before.
create function core_api.session_list(p_after uuid default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_rows jsonb;
  v_next uuid;
begin
  v_ok := core.require_page(p_limit);
  with page as (
    select s.* from core.session s
    where s.project = v_project and s.ends_at > (select clock_timestamp()) and (p_after is null or s.id > p_after)
    order by s.id limit p_limit
  )
  select coalesce(jsonb_agg(core.session_view(p::core.session) order by p.id), '[]'), case when count(*) = p_limit then (array_agg(p.id order by p.id desc))[1] end
  into v_rows, v_next from page p;
  return jsonb_build_object('ok', true, 'sessions', v_rows, 'next', v_next);
end
$$;
comment on function core_api.session_list is 'The live sessions of a project, oldest first.';
revoke execute on function core_api.session_list from public;
grant execute on function core_api.session_list to core_member, service_role;

-- Deletes sessions that ended an hour ago or earlier, at most p_limit.
create function core_api.session_sweep(p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('session:operate', null);
  v_ok := core.require_page(p_limit);
  with old as (
    select id from core.session where ends_at < (select clock_timestamp() - interval '1 hour') order by id limit p_limit for update skip locked
  )
  delete from core.session s using old where s.id = old.id;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.session_sweep is 'Deletes sessions that ended an hour ago. Owner only.';
revoke execute on function core_api.session_sweep from public;
grant execute on function core_api.session_sweep to service_role;

-- The live sessions of all projects in figures, at most 100,000 of them. Owner only.
create function core_api.session_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('session:operate', null);
begin
  return (select jsonb_build_object('ok', true, 'live', count(*), 'hung', count(*) filter (where s.progress_at < s.beat_at - interval '60 seconds'),
      'degraded', count(*) filter (where s.status = 'degraded'))
    from (select progress_at, beat_at, status from core.session where ends_at > (select clock_timestamp()) limit 100000) s);
end
$$;
comment on function core_api.session_totals is 'The live sessions of all projects in figures. Owner only.';
revoke execute on function core_api.session_totals from public;
grant execute on function core_api.session_totals to service_role;
