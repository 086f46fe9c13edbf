-- Changing providers and routes.

-- Sets a provider. Naturally idempotent. p_if_match: only in a state the caller has seen. The owner, without a project, sets those that every project may use. At most 100 of a
-- project. Locks: the counter.
create function core_api.provider_set(p_name text, p_kind text, p_base_url text default null, p_secret text default null,
  p_settings jsonb default '{}', p_project text default null, p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.router_enter('model:write', p_project);
  v_ok boolean;
  v_old core.model_provider;
  v_new core.model_provider;
begin
  if p_name is null or p_name !~ '^[a-z0-9][a-z0-9_-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_name', 'a provider''s name is 1 to 50 lowercase letters, digits, _ and -', null, jsonb_build_object('field', 'name'));
  elsif p_kind is null or p_kind not in ('openai', 'anthropic', 'openai-compatible', 'ollama', 'local') then
    perform core.refuse('PT400', 'invalid_kind', 'kind must be openai, anthropic, openai-compatible, ollama or local', null, jsonb_build_object('field', 'kind'));
  elsif p_base_url is not null and (p_base_url !~ '^https?://[^[:space:]]+$' or length(p_base_url) > 2000) then
    perform core.refuse('PT400', 'invalid_base_url', 'base_url must be an https address of at most 2000 characters', null, jsonb_build_object('field', 'base_url'));
  elsif p_base_url is null and p_kind = 'openai-compatible' then
    perform core.refuse('PT400', 'invalid_base_url', 'a provider of this kind needs its base_url', 'Write it as https://host/v1.', jsonb_build_object('field', 'base_url'));
  elsif not core.is_secret_name(p_secret) then
    perform core.refuse('PT400', 'invalid_secret', 'secret must be the name of a secret', 'The key itself is stored as a secret.', jsonb_build_object('field', 'secret'));
  end if;
  v_ok := core.require_object('settings', p_settings);
  v_ok := core.router_changed() is not null;
  select * into v_old from core.model_provider where (project = v_project or project is null and v_project is null) and name = p_name;
  perform core.require_match(p_if_match, case when v_old.id is not null then core.model_provider_view(v_old) ->> 'etag' end);
  if v_old.kind = p_kind and v_old.base_url is not distinct from rtrim(p_base_url, '/') and v_old.secret is not distinct from p_secret
    and v_old.settings = p_settings then
    return jsonb_build_object('ok', true) || core.model_provider_view(v_old);
  end if;
  if v_old.id is null and (select count(*) from core.model_provider where (project = v_project or project is null and v_project is null)) >= 100 then
    perform core.refuse('PT409', 'too_many_providers', 'there are 100 providers already', 'Remove one first.');
  end if;
  insert into core.model_provider (project, name, kind, base_url, secret, settings)
  values (v_project, p_name, p_kind, rtrim(p_base_url, '/'), p_secret, p_settings)
  on conflict on constraint model_provider_name_key do update set kind = excluded.kind, base_url = excluded.base_url, secret = excluded.secret,
    settings = excluded.settings, updated_at = clock_timestamp(), updated_by = core.actor()
  returning * into v_new;
  v_ok := core.audit('provider.set', 'provider:' || p_name, v_project,
    case when v_old.id is not null then core.model_provider_settings(v_old) end, core.model_provider_settings(v_new)) is not null;
  return jsonb_build_object('ok', true) || core.model_provider_view(v_new);
end
$$;
comment on function core_api.provider_set is 'Sets a provider of models, of a project or for all.';
revoke execute on function core_api.provider_set from public;
grant execute on function core_api.provider_set to core_member, service_role;

-- Removes a provider; calls under way stay. Naturally idempotent: removed false where there is none. Locks: the counter.
create function core_api.provider_remove(p_name text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.router_enter('model:write', p_project);
  v_ok boolean;
  v_old core.model_provider;
begin
  v_ok := core.router_require_name(p_name, 50);
  v_ok := core.router_changed() is not null;
  delete from core.model_provider where (project = v_project or project is null and v_project is null) and name = p_name returning * into v_old;
  if v_old.id is not null then
    v_ok := core.audit('provider.remove', 'provider:' || p_name, v_project, core.model_provider_settings(v_old), null) is not null;
  end if;
  return jsonb_build_object('ok', true, 'removed', v_old.id is not null);
end
$$;
comment on function core_api.provider_remove is 'Removes a provider of models.';
revoke execute on function core_api.provider_remove from public;
grant execute on function core_api.provider_remove to core_member, service_role;

-- The targets and the policy of a route as they are kept, or PT400.
create function core.router_require_targets(p_targets jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_exact('targets', p_targets);
  v_ok := jsonb_typeof(p_targets) = 'array' and jsonb_array_length(p_targets) between 1 and 20;
  if v_ok then
    select bool_and(jsonb_typeof(t) = 'object' and coalesce(t ->> 'provider' ~ '^[a-z0-9][a-z0-9_-]{0,49}$', false)
      and t - '{provider,model,contextTokens,takes}'::text[] = '{}'
      and (not t ? 'contextTokens' or coalesce(jsonb_typeof(t -> 'contextTokens') = 'number'
        and (t ->> 'contextTokens')::numeric between 1 and 1000000000
        and (t ->> 'contextTokens')::numeric = trunc((t ->> 'contextTokens')::numeric), false))
      and (not t ? 'takes' or coalesce(jsonb_typeof(t -> 'takes') = 'array' and t -> 'takes' <@ '["tools", "images", "audio", "files", "json"]', false))
      and (not t ? 'model' or coalesce(jsonb_typeof(t -> 'model') = 'string' and length(t ->> 'model') between 1 and 200, false)))
    into v_ok from jsonb_array_elements(p_targets) t;
  end if;
  if v_ok is distinct from true then
    perform core.refuse('PT400', 'invalid_targets', 'targets must be 1 to 20 objects { provider, model?, contextTokens?, takes? }',
      'Without a model a target serves the one that the request names.', jsonb_build_object('field', 'targets'));
  end if;
  return true;
end
$$;
comment on function core.router_require_targets is 'Raises PT400 unless targets are well formed.';

-- Whether a member of a policy is a cap: { limit, period }, and what else it may have.
create function core.router_is_cap(p_cap jsonb, p_more text[] default '{}') returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_typeof(p_cap) = 'object' and p_cap - ('{limit,period}'::text[] || p_more) = '{}'
    and p_cap ->> 'period' in ('hour', 'day', 'week', 'month', 'total')
    and jsonb_typeof(p_cap -> 'limit') = 'number' and (p_cap ->> 'limit')::numeric between 1 and 9007199254740991
    and (p_cap ->> 'limit')::numeric = trunc((p_cap ->> 'limit')::numeric), false)
$$;
comment on function core.router_is_cap is 'Whether a member of a policy is a cap per period.';

create function core.router_require_policy(p_policy jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_object('policy', p_policy);
  v_ok := coalesce(p_policy - '{choose,whenLow,endUsers,tagAccounts,hedgeMs,region,hitBasisPoints,log}'::text[] = '{}'
    and (not p_policy ? 'choose' or p_policy ->> 'choose' in ('balanced', 'order', 'price', 'latency'))
    and (not p_policy ? 'whenLow' or p_policy ->> 'whenLow' in ('refuse', 'cheaper'))
    and (not p_policy ? 'hedgeMs' or jsonb_typeof(p_policy -> 'hedgeMs') = 'number' and (p_policy ->> 'hedgeMs')::numeric between 1 and 60000
      and (p_policy ->> 'hedgeMs')::numeric = trunc((p_policy ->> 'hedgeMs')::numeric))
    and (not p_policy ? 'region' or jsonb_typeof(p_policy -> 'region') = 'string' and length(p_policy ->> 'region') between 1 and 50)
    and (not p_policy ? 'hitBasisPoints' or jsonb_typeof(p_policy -> 'hitBasisPoints') = 'number' and (p_policy ->> 'hitBasisPoints')::numeric between 0 and 10000
      and (p_policy ->> 'hitBasisPoints')::numeric = trunc((p_policy ->> 'hitBasisPoints')::numeric))
    and (not p_policy ? 'log' or p_policy -> 'log' = '"content"')
    and (not p_policy ? 'endUsers' or core.router_is_cap(p_policy -> 'endUsers'))
    and (not p_policy ? 'tagAccounts' or not p_policy ? 'endUsers' and core.router_is_cap(p_policy -> 'tagAccounts', '{prefix}')
      and jsonb_typeof(p_policy #> '{tagAccounts,prefix}') = 'string'
      and p_policy #>> '{tagAccounts,prefix}' ~ '^[A-Za-z0-9_.-]{1,50}$'), false);
  if not v_ok then
    perform core.refuse('PT400', 'invalid_policy',
      'policy may have choose (balanced, order, price, latency), whenLow (refuse, cheaper), endUsers { limit, period } or tagAccounts { prefix, limit, period }, hedgeMs, region, hitBasisPoints and log',
      'limit is whole micro-credits; period is hour, day, week, month or total; hedgeMs is 1 to 60000; hitBasisPoints is 0 to 10000; log is content.', jsonb_build_object('field', 'policy'));
  end if;
  return true;
end
$$;
comment on function core.router_require_policy is 'Raises PT400 unless a policy is well formed.';

-- Sets a route. Naturally idempotent. At most 1,000 of a project. p_if_match: only in a state the caller has seen. Locks: the counter.
create function core_api.route_set(p_name text, p_targets jsonb, p_policy jsonb default '{}', p_project text default null,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.router_enter('model:write', p_project);
  v_ok boolean;
  v_old core.model_route;
  v_new core.model_route;
begin
  v_ok := core.router_require_name(p_name, 200);
  v_ok := core.router_require_targets(p_targets);
  v_ok := core.router_require_policy(p_policy);
  v_ok := core.router_changed() is not null;
  select * into v_old from core.model_route where (project = v_project or project is null and v_project is null) and name = p_name;
  perform core.require_match(p_if_match, case when v_old.id is not null then core.model_route_view(v_old) ->> 'etag' end);
  if v_old.targets = p_targets and v_old.policy = p_policy then
    return jsonb_build_object('ok', true) || core.model_route_view(v_old);
  end if;
  if v_old.id is null and (select count(*) from core.model_route where (project = v_project or project is null and v_project is null)) >= 1000 then
    perform core.refuse('PT409', 'too_many_routes', 'there are 1000 routes already', 'Remove one first.');
  end if;
  insert into core.model_route (project, name, targets, policy) values (v_project, p_name, p_targets, p_policy)
  on conflict on constraint model_route_name_key do update set targets = excluded.targets, policy = excluded.policy,
    updated_at = clock_timestamp(), updated_by = core.actor()
  returning * into v_new;
  v_ok := core.audit('route.set', 'route:' || p_name, v_project,
    case when v_old.id is not null then core.model_route_view(v_old) end, core.model_route_view(v_new)) is not null;
  return jsonb_build_object('ok', true) || core.model_route_view(v_new);
end
$$;
comment on function core_api.route_set is 'Sets a route: a public name of a model and the targets that serve it.';
revoke execute on function core_api.route_set from public;
grant execute on function core_api.route_set to core_member, service_role;

-- Removes a route. Naturally idempotent: removed false where there is none. Locks: the counter.
create function core_api.route_remove(p_name text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.router_enter('model:write', p_project);
  v_ok boolean;
  v_old core.model_route;
begin
  v_ok := core.router_require_name(p_name, 200);
  v_ok := core.router_changed() is not null;
  delete from core.model_route where (project = v_project or project is null and v_project is null) and name = p_name returning * into v_old;
  if v_old.id is not null then
    v_ok := core.audit('route.remove', 'route:' || p_name, v_project, core.model_route_view(v_old), null) is not null;
  end if;
  return jsonb_build_object('ok', true, 'removed', v_old.id is not null);
end
$$;
comment on function core_api.route_remove is 'Removes a route.';
revoke execute on function core_api.route_remove from public;
grant execute on function core_api.route_remove to core_member, service_role;
