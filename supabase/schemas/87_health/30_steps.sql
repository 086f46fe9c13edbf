-- How a project is doing at this moment, with the figures behind it. p_session: its row of core.session_summary, or null.
create function core.health_of(p_project text, p_session core.session_figures)
returns table (status text, sessions int, hung int, beat_at timestamptz, version text, requests bigint, errors bigint,
  p95_ms double precision, target_p95_ms double precision, backlog bigint, credits bigint, share double precision,
  criticality text, score int, worst jsonb, factors jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_now timestamptz := clock_timestamp();
  v_policy jsonb := coalesce((select h.policy from core.health_policy h where h.project = p_project), core.health_defaults());
  v_ready bigint := core.task_backlog(p_project);
  v_health jsonb;
begin
  select c.credits, c.share into credits, share from core.ledger_headroom(p_project, v_now) c;
  status := coalesce(p_session.status, 'offline');
  sessions := coalesce(p_session.sessions, 0);
  hung := coalesce(p_session.hung, 0);
  beat_at := coalesce(p_session.beat_at, core.session_last_beat(p_project), (select t.last_beat_at from core.health_state t where t.project = p_project));
  version := p_session.version;
  requests := coalesce(p_session.requests, 0);
  errors := coalesce(p_session.errors, 0);
  p95_ms := p_session.p95_ms;
  target_p95_ms := p_session.target_p95_ms;
  backlog := coalesce(p_session.backlog + coalesce(v_ready, 0), v_ready);
  criticality := v_policy ->> 'criticality';
  v_health := core.health_score(jsonb_build_object(
    'age_ms', case when p_session.project is not null then greatest(0, round(extract(epoch from v_now - beat_at) * 1000)) when beat_at is not null then 1 end,
    'ttl_ms', case when p_session.project is not null then p_session.ttl_s * 1000 when beat_at is not null then 1 end,
    'requests', requests, 'errors', errors, 'p95_ms', p95_ms, 'target_p95_ms', target_p95_ms,
    'credits', credits, 'share', share, 'backlog', backlog), v_policy);
  score := v_health ->> 'score';
  worst := v_health -> 'worst';
  factors := v_health -> 'factors';
  return next;
end
$$;
comment on function core.health_of is 'The health of a project at this moment. offline where no session lives; score null where none ever did.';

-- The figures of one project, for those who may see them.
create function core.health_figures(p_project text, p_health record) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not core.can_reach('health', p_project, 'figures', 'read') then return null; end if;
  return jsonb_build_object('hung', p_health.hung, 'requests', p_health.requests, 'errors', p_health.errors, 'p95_ms', p_health.p95_ms,
    'target_p95_ms', p_health.target_p95_ms, 'backlog', coalesce(p_health.backlog, 0), 'credits', p_health.credits, 'headroom', p_health.share,
    'worst', p_health.worst, 'factors', p_health.factors);
end
$$;
comment on function core.health_figures is 'What is behind the health of a project; null for a caller with whom it is not shared.';
