-- Where work fits best: projects in use that run (online or degraded) and have every capability asked for, best first.
-- fit is 50 parts the score, 25 parts the credits and 25 parts the backlog, each from 0 to 100; what is unknown counts as
-- full. A project without credits is left out. The reasons name what is short, without figures: those are shared or not.
create function core_api.manifest_place(p_capabilities text[] default '{}', p_limit int default 10) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_places jsonb;
begin
  v_ok := core.authorize('fleet:read', core.claims() ->> 'project');
  v_ok := core.require_page(p_limit);
  if p_capabilities is null or cardinality(p_capabilities) > 100 then
    perform core.refuse('PT400', 'invalid_capabilities', 'capabilities must be a list of at most 100 texts', null, jsonb_build_object('field', 'capabilities'));
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('project', x.project, 'fit', x.fit, 'status', x.status, 'score', x.score, 'reasons', x.reasons)
    order by x.fit desc, x.project), '[]') into v_places
  from (
    select p.name as project, h.status, h.score,
      floor((50 * h.score + 25 * coalesce((h.factors ->> 'credits')::int, 100) + 25 * coalesce((h.factors ->> 'backlog')::int, 100)) / 100.0 + 0.5)::int as fit,
      to_jsonb(array_remove(array[
        case when h.status = 'degraded' then 'it is degraded' end,
        case when h.worst ->> 0 is not null then format('its worst factor is %s', h.worst ->> 0) else 'nothing is short' end,
        case when (h.factors ->> 'credits')::int < 50 then 'its credits are low' end,
        case when (h.factors ->> 'backlog')::int < 50 then 'much work waits there' end,
        case when cardinality(p_capabilities) > 0 then 'it has every capability asked for' end], null)) as reasons
    from core.project p left join core.session_summary(array(select q.name from core.project q)) s on s.project = p.name
      cross join lateral core.health_of(p.name, s) h
    where p.archived_at is null and p.capabilities @> to_jsonb(p_capabilities)
      and h.status in ('online', 'degraded') and h.score is not null and coalesce((h.factors ->> 'credits')::int, 100) > 0
    order by 4 desc, p.name limit p_limit
  ) x;
  return jsonb_build_object('ok', true, 'places', v_places);
end
$$;
comment on function core_api.manifest_place is 'Projects that can take work, best first, with the reasons.';
revoke execute on function core_api.manifest_place from public;
grant execute on function core_api.manifest_place to core_member, service_role;
