create function core.session_view(p_row core.session) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('session', p_row.id, 'project', p_row.project, 'kind', p_row.kind, 'name', p_row.name, 'version', p_row.version,
    'status', p_row.status, 'fence', p_row.fence, 'ttl_seconds', p_row.ttl_s, 'opened_at', p_row.opened_at, 'beat_at', p_row.beat_at,
    'progress_at', p_row.progress_at, 'ends_at', p_row.ends_at, 'is_hung', p_row.progress_at < p_row.beat_at - interval '60 seconds',
    'metrics', jsonb_build_object('requests', p_row.requests, 'errors', p_row.errors, 'p95_ms', p_row.p95_ms,
      'target_p95_ms', p_row.target_p95_ms, 'backlog', p_row.backlog))
$$;
comment on function core.session_view is 'A session as the API shows it, without its fingerprint.';

-- Opens a session for a process. Replays on p_key while the session lives; another key finds the process taken
-- (session_live), so that it cannot be there twice. A project has at most 10,000. Locks: the project's openings.
create function core_api.session_open(p_key text, p_fingerprint text, p_kind text default 'worker', p_name text default null,
  p_version text default null, p_status text default 'online', p_ttl_s int default 45, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_row core.session;
begin
  v_ok := core.require_key(p_key);
  v_ok := core.require_project(v_project);
  if p_fingerprint is null or p_fingerprint !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_fingerprint', 'fingerprint must be 64 hexadecimal digits',
      'Send the SHA-256 of what identifies the process, or of a random text that it keeps.', jsonb_build_object('field', 'fingerprint'));
  elsif p_kind is null or p_kind !~ '^[a-z][a-z0-9_-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_kind', 'kind must be 1 to 50 of a-z, 0-9, _ and -, beginning with a letter', null,
      jsonb_build_object('field', 'kind'));
  end if;
  if p_name is not null then v_ok := core.require_text('name', p_name, 200); end if;
  if p_version is not null then v_ok := core.require_text('version', p_version, 100); end if;
  v_ok := core.session_require_status(p_status);
  v_ok := core.require_range('ttl_s', p_ttl_s, 3, 3600);
  perform pg_advisory_xact_lock(hashtextextended('session:' || v_project, 0));
  select * into v_row from core.session where project = v_project and fingerprint = p_fingerprint for no key update;
  if v_row.id is not null and v_row.ends_at > clock_timestamp() then
    if v_row.key = p_key then return jsonb_build_object('ok', true, 'replayed', true) || core.session_view(v_row); end if;
    return jsonb_build_object('ok', false, 'code', 'session_live', 'session', v_row.id, 'opened_at', v_row.opened_at, 'beat_at', v_row.beat_at);
  end if;
  if v_row.id is null and (select count(*) from (select from core.session where project = v_project limit 10000) s) >= 10000 then
    delete from core.session where project = v_project and ends_at <= (select clock_timestamp());
    if not found then return core.bound_reached('sessions', 10000); end if;
  end if;
  delete from core.session where id = v_row.id;
  insert into core.session (project, key, fingerprint, kind, name, version, status, ttl_s, ends_at)
  values (v_project, p_key, p_fingerprint, p_kind, p_name, p_version, p_status, p_ttl_s, clock_timestamp() + make_interval(secs => p_ttl_s))
  returning * into v_row;
  return jsonb_build_object('ok', true, 'replayed', false) || core.session_view(v_row);
end
$$;
comment on function core_api.session_open is 'Opens the session of a running process. The same process cannot have two at a time.';
revoke execute on function core_api.session_open from public;
grant execute on function core_api.session_open to core_member, service_role;

create function core.session_require_status(p_status text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_status is null or p_status not in ('starting', 'online', 'degraded', 'maintenance') then
    perform core.refuse('PT400', 'invalid_status', 'status must be starting, online, degraded or maintenance', null,
      jsonb_build_object('field', 'status'));
  end if;
  return true;
end
$$;
comment on function core.session_require_status is 'Raises PT400 unless the status is one that a process may report.';
