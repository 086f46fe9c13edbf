-- The score of the whole: that of each project as of the last sample, weighted by its criticality.
create function core.health_system() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('score', floor(sum(w.weight * w.score)::double precision / nullif(sum(w.weight), 0) + 0.5)::int,
    'projects', count(*), 'poor', count(*) filter (where w.band = 'poor'),
    'sampled_at', (select nullif(sampled_at, '-infinity') from core.health_head))
  from (select s.score, s.band, case s.criticality when 'low' then 1 when 'normal' then 2 when 'high' then 4 when 'critical' then 8 else 0 end as weight
    from core.health_state s where s.score is not null) w
  where w.weight > 0
$$;
comment on function core.health_system is 'The score of all projects together; null before the first sample.';

-- How every project in use is doing, by name, with the score of the whole. p_after: the last name of the page before.
create function core_api.health_list(p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_rows jsonb;
  v_next text;
begin
  v_ok := core.authorize('fleet:read', core.claims() ->> 'project');
  v_ok := core.require_page(p_limit);
  with page as materialized (
    select p.name from core.project p where p.archived_at is null and (p_after is null or p.name > p_after) order by p.name limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object('project', p.name, 'criticality', h.criticality, 'status', h.status, 'score', h.score,
      'worst', h.worst ->> 0, 'last_beat_at', h.beat_at, 'sessions', h.sessions, 'figures', core.health_figures(p.name, h)) order by p.name), '[]'),
    case when count(*) = p_limit then max(p.name) end
  into v_rows, v_next from page p left join core.session_summary(array(select g.name from page g)) s on s.project = p.name
    cross join lateral core.health_of(p.name, s) h;
  return jsonb_build_object('ok', true, 'projects', v_rows, 'next', v_next, 'system', core.health_system());
end
$$;
comment on function core_api.health_list is 'Every project with its score and worst factor. Figures are null for those with whom they are not shared.';
revoke execute on function core_api.health_list from public;
grant execute on function core_api.health_list to core_member, service_role;

-- The scores of a project by minute (for 6 hours) or by hour (for 30 days), newest first. p_before: the last instant of the page before.
create function core_api.health_history(p_period text default 'minute', p_before timestamptz default null, p_limit int default 100,
  p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('fleet:read', p_project);
  v_rows jsonb;
  v_next timestamptz;
begin
  v_ok := core.require_page(p_limit);
  if p_period is null or p_period not in ('minute', 'hour') then
    perform core.refuse('PT400', 'invalid_period', 'period must be minute or hour', null, jsonb_build_object('field', 'period'));
  end if;
  with page as (
    select * from core.health_sample s
    where s.project = v_project and s.period = p_period and s.at < coalesce(p_before, 'infinity') order by s.at desc limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object('at', g.at, 'samples', g.samples, 'score', round(g.total::numeric / g.samples)::int,
    'least', g.least, 'most', g.most) order by g.at desc), '[]'), case when count(*) = p_limit then min(g.at) end
  into v_rows, v_next from page g;
  return jsonb_build_object('ok', true, 'project', v_project, 'period', p_period, 'samples', v_rows, 'next', v_next);
end
$$;
comment on function core_api.health_history is 'The scores of a project over time, newest first.';
revoke execute on function core_api.health_history from public;
grant execute on function core_api.health_history to core_member, service_role;

-- Gauges for metrics, as of the last sample. Owner only.
create function core_api.health_stats() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('health:operate', null);
begin
  return (
    select jsonb_build_object('ok', true, 'system', core.health_system(), 'lowest', min(s.score),
      'good', count(*) filter (where s.band = 'good'), 'fair', count(*) filter (where s.band = 'fair'),
      'poor', count(*) filter (where s.band = 'poor'), 'unknown', count(*) filter (where s.band = 'unknown'),
      'samples', (select greatest(0, c.reltuples)::bigint from pg_class c where c.oid = 'core.health_sample'::regclass))
    from core.health_state s);
end
$$;
comment on function core_api.health_stats is 'How many projects are in good, fair and poor health, as of the last sample. Owner only.';
revoke execute on function core_api.health_stats from public;
grant execute on function core_api.health_stats to service_role;
