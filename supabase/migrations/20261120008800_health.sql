-- Generated from supabase/schemas/87_health by `npm run generate`. Do not edit.

-- supabase/schemas/87_health/10_steps.sql

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

-- supabase/schemas/87_health/20_tables.sql

insert into core.share_kind (name, rights, summary) values
  ('health', '{read}', 'The name figures: read shows the figures behind the health of the project');

create table core.health_policy (
  project text collate "C" constraint health_policy_pkey primary key,
  policy jsonb not null,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor()
);
comment on table core.health_policy is 'The weights, targets and criticality that projects declare. Without a row core.health_defaults applies.';

create table core.health_state (
  project text collate "C" constraint health_state_pkey primary key,
  score int,
  worst text,
  band text not null constraint health_state_band check (band in ('good', 'fair', 'poor', 'unknown')),
  criticality text not null,
  status text not null,
  since timestamptz not null default clock_timestamp(),
  last_beat_at timestamptz
) with (fillfactor = 70);
comment on table core.health_state is 'Each project as of the last sample, so that changes become events and the whole has a score. Bounded by the projects.';

create table core.health_sample (
  project text collate "C" not null,
  period text collate "C" not null constraint health_sample_period check (period in ('minute', 'hour')),
  at timestamptz not null,
  samples int not null,
  total bigint not null,
  least int not null,
  most int not null,
  constraint health_sample_pkey primary key (project, period, at)
) with (fillfactor = 70);
comment on table core.health_sample is 'Scores by minute and by hour: how many samples, their sum, the least and the greatest.';
create index health_sample_age_idx on core.health_sample (period, at);

create table core.health_head (
  singleton boolean constraint health_head_pkey primary key default true constraint health_head_one_row check (singleton),
  sampled_at timestamptz not null default '-infinity'
);
comment on table core.health_head is 'The interval of the last sample: of several control planes one takes it.';
insert into core.health_head default values;

-- supabase/schemas/87_health/30_steps.sql

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

-- supabase/schemas/87_health/40_policy.sql

-- A number of a policy: null only where p_may_be_null.
create function core.health_require_number(p_policy jsonb, p_name text, p_least numeric, p_most numeric, p_may_be_null boolean default false) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_value jsonb := p_policy -> p_name;
begin
  if v_value is null or p_may_be_null and v_value = 'null' then return true; end if;
  if jsonb_typeof(v_value) <> 'number' then
    perform core.refuse('PT400', 'invalid_policy', format('%s must be a number', p_name), null, jsonb_build_object('field', 'policy.' || p_name));
  end if;
  return core.require_range('policy.' || p_name, (v_value #>> '{}')::numeric, p_least, p_most);
end
$$;
comment on function core.health_require_number is 'Raises PT400 unless a member of a policy is missing or a number in a range.';

create function core.health_require_policy(p_policy jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.require_object('policy', p_policy);
  v_defaults jsonb := core.health_defaults();
  v_field text;
begin
  select f into v_field from jsonb_object_keys(p_policy) f where not v_defaults ? f order by f limit 1;
  if v_field is not null then
    perform core.refuse('PT400', 'invalid_policy', format('policy has no member %s', quote_literal(left(v_field, 100))),
      'Members are weights, criticality, target_p95_ms, max_error_rate, target_backlog and low_credits.', jsonb_build_object('field', 'policy'));
  elsif p_policy ? 'criticality' and (jsonb_typeof(p_policy -> 'criticality') <> 'string'
      or p_policy ->> 'criticality' not in ('none', 'low', 'normal', 'high', 'critical')) then
    perform core.refuse('PT400', 'invalid_criticality', 'criticality must be none, low, normal, high or critical', null,
      jsonb_build_object('field', 'policy.criticality'));
  elsif p_policy ? 'weights' and (jsonb_typeof(p_policy -> 'weights') <> 'object'
      or exists (select from jsonb_object_keys(p_policy -> 'weights') w where not v_defaults -> 'weights' ? w)) then
    perform core.refuse('PT400', 'invalid_weights', 'weights must be an object of freshness, errors, latency, credits and backlog', null,
      jsonb_build_object('field', 'policy.weights'));
  end if;
  v_ok := core.health_require_number(p_policy, 'target_p95_ms', 0.001, 1000000000, true);
  v_ok := core.health_require_number(p_policy, 'max_error_rate', 0.001, 1);
  v_ok := core.health_require_number(p_policy, 'target_backlog', 1, 1000000000000);
  v_ok := core.health_require_number(p_policy, 'low_credits', 1, 9007199254740991, true);
  for v_field in select jsonb_object_keys(v_defaults -> 'weights') loop
    v_ok := core.health_require_number(coalesce(p_policy -> 'weights', '{}'), v_field, 0, 100);
  end loop;
  return true;
end
$$;
comment on function core.health_require_policy is 'Raises PT400 unless a policy has known members in their ranges.';

create function core.health_policy_view(p_project text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.health_policy;
begin
  select * into v_row from core.health_policy where project = p_project;
  return jsonb_build_object('project', p_project, 'updated_at', v_row.updated_at, 'updated_by', v_row.updated_by,
    'etag', core.etag(jsonb_build_object('policy', v_row.policy, 'at', extract(epoch from v_row.updated_at))))
    || coalesce(v_row.policy, core.health_defaults());
end
$$;
comment on function core.health_policy_view is 'What a project declares of its health; the defaults where it declares nothing.';

create function core_api.health_policy_get(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('fleet:read', p_project);
  v_ok boolean := core.require_project(v_project);
begin
  return jsonb_build_object('ok', true) || core.health_policy_view(v_project);
end
$$;
comment on function core_api.health_policy_get is 'The weights, targets and criticality of a project.';
revoke execute on function core_api.health_policy_get from public;
grant execute on function core_api.health_policy_get to core_member, service_role;

-- Declares weights (0 to 100 each), targets and criticality; what p_policy leaves out has its default. Naturally idempotent.
-- p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.health_policy_set(p_policy jsonb, p_project text default null, p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.enter('project:write', p_project);
  v_ok boolean := core.health_require_policy(p_policy);
  v_defaults jsonb := core.health_defaults();
  v_policy jsonb := v_defaults || p_policy || jsonb_build_object('weights', v_defaults -> 'weights' || coalesce(p_policy -> 'weights', '{}'));
  v_before jsonb;
begin
  v_ok := core.require_project(v_project);
  perform from core.project where name = v_project for no key update;
  v_before := core.health_policy_view(v_project);
  v_ok := core.require_match(p_if_match, v_before ->> 'etag');
  if v_before @> v_policy then return jsonb_build_object('ok', true) || v_before; end if;
  insert into core.health_policy as h (project, policy) values (v_project, v_policy)
  on conflict on constraint health_policy_pkey do update set
    policy = excluded.policy, updated_at = excluded.updated_at, updated_by = excluded.updated_by;
  perform core.audit('health.policy', 'health_policy:' || v_project, v_project, v_before, core.health_policy_view(v_project));
  return jsonb_build_object('ok', true) || core.health_policy_view(v_project);
end
$$;
comment on function core_api.health_policy_set is 'Declares the weights, targets and criticality of a project. Idempotent.';
revoke execute on function core_api.health_policy_set from public;
grant execute on function core_api.health_policy_set to core_member, service_role;

-- supabase/schemas/87_health/50_read.sql

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

-- supabase/schemas/87_health/60_sample.sql

-- Takes a sample of every project's score, once in an interval of p_every_s seconds however many control planes ask: it
-- goes into the row of its minute and that of its hour. Emits an event where a project changes between good (80 or more),
-- fair (50 or more) and poor. Forgets minutes after p_keep_minutes, hours after p_keep_hours, at most p_limit of each.
-- Locks: the head; who does not get it answers 0.
create function core_api.health_sample(p_every_s int default 60, p_keep_minutes interval default '6 hours', p_keep_hours interval default '30 days',
  p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_at timestamptz;
  v_change record;
  v_count int;
  v_forgotten int;
begin
  v_ok := core.authorize('health:operate', null);
  v_ok := core.require_range('every_s', p_every_s, 1, 3600);
  if p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', null, jsonb_build_object('field', 'limit'));
  end if;
  if p_keep_minutes is null or p_keep_minutes < interval '1 minute' or p_keep_hours is null or p_keep_hours < interval '1 hour' then
    perform core.refuse('PT400', 'invalid_keep', 'keep at least one minute of minutes and one hour of hours', null, jsonb_build_object('field', 'keep'));
  end if;
  v_at := date_bin(make_interval(secs => p_every_s), clock_timestamp(), '2000-01-01Z');
  perform from core.health_head where sampled_at < v_at for no key update skip locked;
  if not found then return jsonb_build_object('ok', true, 'sampled', 0, 'forgotten', 0); end if;
  update core.health_head set sampled_at = v_at;

  v_count := 0;
  for v_change in
    with present as materialized (
      select p.name as project, h.status, h.score, h.worst ->> 0 as worst, h.criticality, h.beat_at,
        case when h.score is null then 'unknown' when h.score >= 80 then 'good' when h.score >= 50 then 'fair' else 'poor' end as band
      from core.project p left join core.session_summary(array(select q.name from core.project q)) s on s.project = p.name
        cross join lateral core.health_of(p.name, s) h where p.archived_at is null
    ), sampled as (
      insert into core.health_sample as s (project, period, at, samples, total, least, most)
      select n.project, u.period, date_trunc(u.period, v_at), 1, n.score, n.score, n.score
      from present n cross join (values ('minute'), ('hour')) as u (period) where n.score is not null
      on conflict on constraint health_sample_pkey do update set samples = s.samples + 1, total = s.total + excluded.total,
        least = least(s.least, excluded.least), most = greatest(s.most, excluded.most)
    ), gone as (
      delete from core.health_state s where not exists (select from present n where n.project = s.project)
    ), stored as (
      insert into core.health_state as s (project, score, worst, band, criticality, status, last_beat_at)
      select n.project, n.score, n.worst, n.band, n.criticality, n.status, n.beat_at from present n
      on conflict on constraint health_state_pkey do update set score = excluded.score, worst = excluded.worst, band = excluded.band,
        criticality = excluded.criticality, status = excluded.status, last_beat_at = coalesce(excluded.last_beat_at, s.last_beat_at),
        since = case when s.band = excluded.band then s.since else excluded.since end
    )
    select n.*, coalesce(b.band, 'unknown') as before from present n left join core.health_state b on b.project = n.project
    order by n.project
  loop
    v_count := v_count + (v_change.score is not null)::int;
    continue when v_change.band = v_change.before;
    v_ok := core.emit('manifest.health', null, v_change.band, jsonb_build_object('project', v_change.project, 'health', v_change.band,
      'before', v_change.before, 'score', v_change.score, 'worst', v_change.worst));
  end loop;
  v_forgotten := core.health_forget('minute', v_at - p_keep_minutes, p_limit) + core.health_forget('hour', v_at - p_keep_hours, p_limit);
  return jsonb_build_object('ok', true, 'sampled', v_count, 'forgotten', v_forgotten);
end
$$;
comment on function core_api.health_sample is 'Samples the score of every project, once in an interval. Owner only.';
revoke execute on function core_api.health_sample from public;
grant execute on function core_api.health_sample to service_role;

create function core.health_forget(p_period text, p_before timestamptz, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  with old as (
    select s.project, s.period, s.at from core.health_sample s where s.period = p_period and s.at < p_before order by s.at limit p_limit
  )
  delete from core.health_sample s using old o where s.project = o.project and s.period = o.period and s.at = o.at;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function core.health_forget is 'Deletes samples from before an instant, the oldest first.';

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
