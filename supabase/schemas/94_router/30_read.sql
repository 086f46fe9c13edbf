-- Reading providers, routes and calls.

-- The providers that a project may use: its own and the shared ones, by name.
create function core_api.provider_list(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.router_enter('model:read', p_project);
begin
  return jsonb_build_object('ok', true, 'providers', (
    select coalesce(jsonb_agg(core.model_provider_view(p) order by p.name collate "C", p.project nulls last), '[]')
    from (select * from core.model_provider where project is null or project = v_project order by name limit 200) p));
end
$$;
comment on function core_api.provider_list is 'The providers that a project may use.';
revoke execute on function core_api.provider_list from public;
grant execute on function core_api.provider_list to core_member, service_role;

-- The routes that a project may use, by name.
create function core_api.route_list(p_project text default null, p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.router_enter('model:read', p_project);
  v_ok boolean := core.require_page(p_limit);
  v_rows jsonb;
begin
  select coalesce(jsonb_agg(core.model_route_view(r) order by r.name collate "C", r.project nulls last), '[]') into v_rows
  from (select * from core.model_route where (project is null or project = v_project) and (p_after is null or name collate "C" > p_after)
    order by name collate "C", project nulls last limit p_limit) r;
  return jsonb_build_object('ok', true, 'routes', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'name' end);
end
$$;
comment on function core_api.route_list is 'The routes that a project may use.';
revoke execute on function core_api.route_list from public;
grant execute on function core_api.route_list to core_member, service_role;

-- All providers and routes, where the version is another than p_version, and what is cooling now. For the process that routes.
create function core_api.router_snapshot(p_version bigint default -1) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('model:read', null);
  v_version bigint := (select version from core.router_counter);
begin
  return jsonb_build_object('ok', true, 'version', v_version, 'price_version', core.price_version_now(), 'coolings', (
      select coalesce(jsonb_agg(jsonb_build_object('target', c.target, 'ms', ceil(extract(epoch from c.until - clock_timestamp()) * 1000)::bigint,
        'reason', c.reason)), '[]')
      from (select * from core.model_cooling where until > (select clock_timestamp()) order by until desc limit 1000) c))
    || case when v_version is not distinct from p_version then '{}' else jsonb_build_object(
      'providers', (select coalesce(jsonb_agg(core.model_provider_view(p)), '[]') from core.model_provider p),
      'routes', (select coalesce(jsonb_agg(core.model_route_view(r)), '[]') from core.model_route r)) end;
end
$$;
comment on function core_api.router_snapshot is 'Providers, routes and what is cooling, for the process that routes.';
revoke execute on function core_api.router_snapshot from public;
grant execute on function core_api.router_snapshot to service_role;

-- Calls of a project, newest first. p_filter: { route?, target?, user?, account?, flag? }. A page looks at 10,000 rows at most, so one
-- with a filter may be short, or empty, and have a next.
create function core_api.router_calls(p_before bigint default null, p_limit int default 100, p_filter jsonb default '{}',
  p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('model:read', p_project);
  v_ok boolean := core.require_page(p_limit);
  v_scan constant int := 10000;
  v_rows jsonb;
  v_next bigint;
begin
  v_ok := core.require_object('filter', p_filter);
  if p_filter - '{route,target,user,account,flag}'::text[] <> '{}' then
    perform core.refuse('PT400', 'invalid_filter', 'filter may have route, target, user, account and flag', null, jsonb_build_object('field', 'filter'));
  end if;
  with looked as (
    select * from core.model_call where project = v_project and (p_before is null or id < p_before)
    order by id desc limit case when p_filter = '{}' then p_limit else v_scan end
  ), page as (
    select * from looked
    where (not p_filter ? 'route' or route = p_filter ->> 'route') and (not p_filter ? 'target' or target = p_filter ->> 'target')
      and (not p_filter ? 'user' or end_user = p_filter ->> 'user') and (not p_filter ? 'account' or account = p_filter ->> 'account')
      and (not p_filter ? 'flag' or p_filter ->> 'flag' = any (flags))
    order by id desc limit p_limit
  )
  select coalesce((select jsonb_agg(core.model_call_view(c::core.model_call) order by c.id desc) from page c), '[]'),
    case when (select count(*) from page) = p_limit then (select min(id) from page)
      when (select count(*) from looked) = v_scan then (select min(id) from looked) end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'calls', v_rows, 'next', v_next);
end
$$;
comment on function core_api.router_calls is 'Model calls of a project, newest first.';
revoke execute on function core_api.router_calls from public;
grant execute on function core_api.router_calls to core_member, service_role;
