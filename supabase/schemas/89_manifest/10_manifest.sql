-- The manifest: what every project is and how it is doing. Its status comes from the live sessions of its processes; beats
-- belong to those. Name, version, status, score and worst factor are everybody's to read; figures are the project's own, the
-- owner's, and those of projects with which it shares them.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('fleet:read', 'Read which projects there are and how they are doing', '{viewer,operator,admin,owner}', true, 'manifest');

create table core.manifest_state (
  project text collate "C" constraint manifest_state_pkey primary key,
  status text not null,
  since timestamptz not null default clock_timestamp()
);
comment on table core.manifest_state is 'The status of each project as of the last sweep, so that its changes become events.';

-- What each project is by its sessions at this moment.
create function core.manifest_present() returns table (project text, status text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p.name, coalesce(s.status, 'offline')
  from core.project p
  left join core.session_summary(array(select q.name from core.project q)) s on s.project = p.name
$$;
comment on function core.manifest_present is 'Every project with its status by its live sessions; offline without any.';

-- All registered projects in use, by name. p_after: the last name of the page before.
create function core_api.manifest(p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_rows jsonb;
  v_next text;
begin
  v_ok := core.authorize('fleet:read', core.claims() ->> 'project');
  v_ok := core.require_page(p_limit);
  with page as materialized (
    select p.name, p.version, p.capabilities from core.project p
    where p.archived_at is null and (p_after is null or p.name > p_after) order by p.name limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'project', g.name, 'version', coalesce(h.version, g.version), 'capabilities', g.capabilities, 'status', h.status,
      'since', case when m.status = h.status then m.since end, 'last_beat_at', h.beat_at, 'sessions', h.sessions,
      'score', h.score, 'worst', h.worst ->> 0, 'figures', core.health_figures(g.name, h)) order by g.name), '[]'),
    case when count(*) = p_limit then max(g.name) end
  into v_rows, v_next
  from page g left join core.session_summary(array(select p.name from page p)) s on s.project = g.name
    cross join lateral core.health_of(g.name, s) h left join core.manifest_state m on m.project = g.name;
  return jsonb_build_object('ok', true, 'projects', v_rows, 'next', v_next);
end
$$;
comment on function core_api.manifest is 'Every registered project in use with its status and score. Figures are null for those with whom they are not shared.';
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
  for v_change in
    select n.project, n.status, core.session_last_beat(n.project) as last_beat_at, m.status as before from core.manifest_present() n
    left join core.manifest_state m on m.project = n.project
    where n.status is distinct from m.status and not (m.status is null and n.status = 'offline')
    order by n.project limit p_limit
  loop
    insert into core.manifest_state as m (project, status) values (v_change.project, v_change.status)
    on conflict on constraint manifest_state_pkey do update set status = excluded.status, since = excluded.since;
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
