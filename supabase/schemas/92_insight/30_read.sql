-- Insights of all projects, the highest rank first. p_category and p_author narrow it; p_open leaves those of other projects
-- on which this one has not decided: its feed. p_after: `next` of the page before. A page of a feed looks at 5,000 insights at most, so it
-- may be short, or empty, and have a next.
create function core_api.insight_list(p_category text default null, p_author text default null, p_open boolean default false,
  p_after uuid default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('fleet:read', p_project);
  v_rank double precision;
  v_scan int := case when p_open then 5000 else p_limit end;
  v_rows jsonb;
  v_next uuid;
begin
  v_ok := core.require_page(p_limit);
  if p_open is null then
    perform core.refuse('PT400', 'invalid_open', 'open must be true or false', null, jsonb_build_object('field', 'open'));
  elsif p_after is not null then
    select i.rank into v_rank from core.insight i where i.id = p_after;
    if v_rank is null then
      perform core.refuse('PT400', 'invalid_cursor', 'after must be an insight that is there', 'Begin again without it.', jsonb_build_object('field', 'after'));
    end if;
  end if;
  with looked as (
    select i.* from core.insight i
    where (p_category is null or i.category = p_category) and (p_author is null or i.project = p_author)
      and (p_after is null or (i.rank, i.id) < (v_rank, p_after))
    order by i.rank desc, i.id desc limit v_scan
  ), page as (
    select i.* from looked i
    where not p_open or i.project <> v_project
      and not exists (select from core.insight_decision d where d.project = v_project and d.insight = i.id)
    order by i.rank desc, i.id desc limit p_limit
  )
  select coalesce((select jsonb_agg(core.insight_view(p::core.insight) - '{body,evidence}'::text[]
        || jsonb_build_object('decision', (select d.decision from core.insight_decision d where d.project = v_project and d.insight = p.id))
        order by p.rank desc, p.id desc) from page p), '[]'),
    case when (select count(*) from page) = p_limit then (select p.id from page p order by p.rank, p.id limit 1)
      when (select count(*) from looked) = v_scan then (select l.id from looked l order by l.rank, l.id limit 1) end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'insights', v_rows, 'next', v_next);
end
$$;
comment on function core_api.insight_list is 'Insights of all projects, ranked by adoption and measured effect, with what this project has decided.';
revoke execute on function core_api.insight_list from public;
grant execute on function core_api.insight_list to core_member, service_role;

-- An insight with its body, evidence, and the newest 100 decisions on it.
create function core_api.insight_get(p_insight uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('fleet:read', p_project);
  v_row core.insight;
begin
  select * into v_row from core.insight where id = p_insight;
  if v_row.id is null then perform core.insight_refuse_unknown(); end if;
  return jsonb_build_object('ok', true) || core.insight_view(v_row) || jsonb_build_object(
    'decision', (select d.decision from core.insight_decision d where d.insight = p_insight and d.project = v_project),
    'decisions', (select coalesce(jsonb_agg(jsonb_build_object('project', d.project, 'decision', d.decision, 'effect_bp', d.effect_bp,
        'note', d.note, 'decided_at', d.decided_at) order by d.decided_at desc), '[]')
      from (select * from core.insight_decision where insight = p_insight order by decided_at desc limit 100) d));
end
$$;
comment on function core_api.insight_get is 'An insight with its evidence and what projects decided. PT404 where there is none.';
revoke execute on function core_api.insight_get from public;
grant execute on function core_api.insight_get to core_member, service_role;

-- Gauges for metrics: how many there are, as the statistics of the database say. Owner only.
create function core_api.insight_stats() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('insight:operate', null);
begin
  return jsonb_build_object('ok', true,
    'insights', (select greatest(0, reltuples)::bigint from pg_class where oid = 'core.insight'::regclass),
    'decisions', (select greatest(0, reltuples)::bigint from pg_class where oid = 'core.insight_decision'::regclass),
    'best_rank', coalesce((select rank from core.insight order by rank desc, id desc limit 1), 0));
end
$$;
comment on function core_api.insight_stats is 'How many insights and decisions there are, estimated. Owner only.';
revoke execute on function core_api.insight_stats from public;
grant execute on function core_api.insight_stats to service_role;
