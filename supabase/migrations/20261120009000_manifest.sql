-- Generated from supabase/schemas/89_manifest by `npm run generate`. Do not edit.

-- supabase/schemas/89_manifest/10_manifest.sql

-- The manifest: what every project is and how it is doing. Its status comes from the live sessions of its processes; beats
-- belong to those. It is everybody's to read: name, version, status and since when. Figures are for the project itself and the owner.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('fleet:read', 'Read which projects there are and how they are doing', '{viewer,operator,admin,owner}', true, 'manifest');

create table core.manifest_state (
  project text constraint manifest_state_pkey primary key,
  status text not null,
  since timestamptz not null default clock_timestamp(),
  last_beat_at timestamptz
);
comment on table core.manifest_state is 'The status of each project as of the last sweep, so that its changes become events.';

-- What each project is by its sessions at this moment.
create function core.manifest_present()
returns table (project text, status text, since timestamptz, last_beat_at timestamptz, summary jsonb)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p.name, coalesce(s.status, 'offline'),
    case when m.status = coalesce(s.status, 'offline') then m.since end, coalesce(s.beat_at, m.last_beat_at), to_jsonb(s)
  from core.project p
  left join core.session_summary() s on s.project = p.name
  left join core.manifest_state m on m.project = p.name
$$;
comment on function core.manifest_present is 'Every project with its status by its live sessions; offline without any.';

-- All registered projects by name. p_after: the last name of the page before.
create function core_api.manifest(p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_only text := core.claims() ->> 'project';
  v_rows jsonb;
  v_next text;
begin
  v_ok := core.authorize('fleet:read', v_only);
  v_ok := core.require_page(p_limit);
  with page as (
    select m.*, p.version, p.capabilities from core.manifest_present() m join core.project p on p.name = m.project
    where p_after is null or p.name > p_after order by p.name limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'project', g.project, 'version', coalesce(g.summary ->> 'version', g.version), 'capabilities', g.capabilities, 'status', g.status,
      'since', g.since, 'last_beat_at', g.last_beat_at, 'sessions', coalesce((g.summary -> 'sessions')::int, 0),
      'figures', case when v_only is null or v_only = g.project then jsonb_build_object(
        'hung', coalesce((g.summary -> 'hung')::int, 0), 'requests', coalesce((g.summary -> 'requests')::bigint, 0),
        'errors', coalesce((g.summary -> 'errors')::bigint, 0), 'p95_ms', g.summary -> 'p95_ms',
        'backlog', coalesce((g.summary -> 'backlog')::bigint, 0)) end
    ) order by g.project), '[]'), case when count(*) = p_limit then max(g.project) end
  into v_rows, v_next from page g;
  return jsonb_build_object('ok', true, 'projects', v_rows, 'next', v_next);
end
$$;
comment on function core_api.manifest is 'Every registered project with its status. Figures are null for other projects'' credentials.';
revoke execute on function core_api.manifest from public;
grant execute on function core_api.manifest to core_member, service_role;

-- Notes what has changed since the last sweep and emits an event for each change. One caller at a time; the others answer 0.
create function core_api.manifest_sweep(p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_change record;
  v_count int := 0;
begin
  v_ok := core.authorize('fleet:operate', null);
  v_ok := core.require_page(p_limit);
  if not pg_try_advisory_xact_lock(hashtextextended('core.manifest_sweep', 0)) then return jsonb_build_object('ok', true, 'changed', 0); end if;
  update core.manifest_state m set last_beat_at = n.last_beat_at
  from core.manifest_present() n where n.project = m.project and n.last_beat_at is distinct from m.last_beat_at and n.status = m.status;
  for v_change in
    select n.project, n.status, n.last_beat_at, m.status as before from core.manifest_present() n
    left join core.manifest_state m on m.project = n.project
    where n.status is distinct from m.status and not (m.status is null and n.status = 'offline')
    order by n.project limit p_limit
  loop
    insert into core.manifest_state as m (project, status, last_beat_at) values (v_change.project, v_change.status, v_change.last_beat_at)
    on conflict on constraint manifest_state_pkey do update
      set status = excluded.status, since = excluded.since, last_beat_at = coalesce(excluded.last_beat_at, m.last_beat_at);
    v_ok := core.emit('manifest', null, v_change.status, jsonb_build_object('project', v_change.project, 'status', v_change.status,
      'before', coalesce(v_change.before, 'offline'), 'last_beat_at', v_change.last_beat_at));
    v_count := v_count + 1;
  end loop;
  return jsonb_build_object('ok', true, 'changed', v_count);
end
$$;
comment on function core_api.manifest_sweep is 'Records changes of the status of projects and emits an event for each. Owner only.';
revoke execute on function core_api.manifest_sweep from public;
grant execute on function core_api.manifest_sweep to service_role;

-- No role may execute a function without a grant of its own.

revoke execute on all functions in schema core, core_api from public, anon, authenticated;
