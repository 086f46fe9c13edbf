-- The score of a project: a pure function of figures and declared weights. @core/coordinator has the same function in
-- TypeScript; one table of cases holds the two equal. Only +, -, *, / and floor on IEEE 754 doubles, in one order, so that
-- both give the same bits.

-- What is worth 1 at p_full or better and 0 at p_none or worse, in a line between. Null where something is unknown.
create function core.health_factor(p_value double precision, p_full double precision, p_none double precision) returns double precision
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return case when p_value is not null and p_full is not null and p_none is not null
    then least(1, greatest(0, (p_none - p_value) / (p_none - p_full))) end;
end
$$;
comment on function core.health_factor is 'A figure as a part from 0 to 1 of full marks.';

-- What holds where a project declares nothing.
create function core.health_defaults() returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select '{"weights": {"freshness": 30, "errors": 25, "latency": 15, "credits": 15, "backlog": 15}, "criticality": "normal",
    "target_p95_ms": null, "max_error_rate": 0.05, "target_backlog": 1000, "low_credits": null}'::jsonb
$$;
comment on function core.health_defaults is 'The weights and targets of a project that declares none.';

-- p_figures: age_ms and ttl_ms of the newest beat, requests, errors, p95_ms, target_p95_ms, credits, share (the least rest
-- of a budget as a part of its cap), backlog; null or missing: unknown. p_policy: that of core.health_defaults. A factor
-- that is unknown does not count. Whose beats are over scores 0 whatever else is known; who never had any scores null.
create function core.health_score(p_figures jsonb, p_policy jsonb) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_names constant text[] := '{freshness,errors,latency,credits,backlog}';
  v_ttl double precision := p_figures ->> 'ttl_ms';
  v_requests double precision := p_figures ->> 'requests';
  v_target double precision := greatest(0.001, coalesce((p_figures ->> 'target_p95_ms')::double precision, (p_policy ->> 'target_p95_ms')::double precision));
  v_credits double precision := p_figures ->> 'credits';
  v_low double precision := p_policy ->> 'low_credits';
  v_backlog double precision := p_policy ->> 'target_backlog';
  v_factors double precision[];
  v_lost double precision[] := '{}';
  v_weights double precision[] := '{}';
  v_weight double precision;
  v_sum double precision := 0;
  v_total double precision := 0;
  v_view jsonb := '{}';
  v_worst text[];
begin
  if p_figures ->> 'target_p95_ms' is null and p_policy ->> 'target_p95_ms' is null then v_target := null; end if;
  v_factors := array[
    core.health_factor((p_figures ->> 'age_ms')::double precision, v_ttl / 3, v_ttl),
    case when v_requests > 0 then core.health_factor((p_figures ->> 'errors')::double precision / v_requests, 0, (p_policy ->> 'max_error_rate')::double precision) end,
    core.health_factor((p_figures ->> 'p95_ms')::double precision, v_target, v_target * 3),
    case when v_credits is not null then least(
      case when v_credits <= 0 then 0 else coalesce(core.health_factor(v_credits, v_low, 0), 1) end,
      coalesce(core.health_factor((p_figures ->> 'share')::double precision, 0.2, 0), 1)) end,
    core.health_factor((p_figures ->> 'backlog')::double precision, v_backlog, v_backlog * 3)];
  for i in 1 .. 5 loop
    v_view := v_view || jsonb_build_object(v_names[i], floor(100 * v_factors[i] + 0.5)::int);
    v_weight := case when v_factors[i] is null then 0 else (p_policy -> 'weights' ->> v_names[i])::double precision end;
    v_sum := v_sum + v_weight * coalesce(v_factors[i], 0);
    v_total := v_total + v_weight;
    v_lost := v_lost || v_weight * (1 - coalesce(v_factors[i], 1));
  end loop;
  if v_factors[1] = 0 then v_lost[1] := 'infinity'; end if;
  select array_agg(u.name order by u.lost desc, u.ordinal) into v_worst
  from unnest(v_names, v_lost) with ordinality as u (name, lost, ordinal) where u.lost > 0;
  return jsonb_build_object('score', case
      when v_factors[1] is null or v_total = 0 then null
      when v_factors[1] = 0 then 0
      else floor(100 * v_sum / v_total + 0.5)::int end,
    'worst', to_jsonb(coalesce(v_worst, '{}')), 'factors', v_view);
end
$$;
comment on function core.health_score is 'The score of a project from 0 to 100, the factors that cost most first, and each factor from 0 to 100.';
