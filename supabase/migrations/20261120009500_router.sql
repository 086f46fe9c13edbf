-- Generated from supabase/schemas/94_router by `npm run generate`. Do not edit.

-- supabase/schemas/94_router/10_tables.sql

-- The router: where model calls go, and what became of them. Money is the ledger's; these rows say where and why.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('model:call', 'Call models', '{operator,admin,owner}', true, null),
  ('model:read', 'Read providers, routes and model calls', '{viewer,operator,admin,owner}', true, null),
  ('model:write', 'Change providers and routes', '{admin,owner}', false, null);

create table core.router_counter (
  singleton boolean constraint router_counter_pkey primary key default true constraint router_counter_one_row check (singleton),
  version bigint not null
);
comment on table core.router_counter is 'One row: the version of providers and routes. Its lock makes versions visible in their order.';
insert into core.router_counter (version) values (0);

create table core.model_provider (
  id uuid constraint model_provider_pkey primary key default core.new_id(),
  project text collate "C" constraint model_provider_project_fkey references core.project (name),
  name text collate "C" not null constraint model_provider_name_form check (name ~ '^[a-z0-9][a-z0-9_-]{0,49}$'),
  kind text not null,
  base_url text,
  secret text,
  settings jsonb not null default '{}',
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  constraint model_provider_name_key unique nulls not distinct (project, name)
);
comment on table core.model_provider is 'Providers of models: those of a project, and with project null those that every project may use.';
comment on column core.model_provider.secret is 'The name of its key among the secrets, never the key.';

create table core.model_route (
  id uuid constraint model_route_pkey primary key default core.new_id(),
  project text collate "C" constraint model_route_project_fkey references core.project (name),
  name text collate "C" not null constraint model_route_name_length check (length(name) between 1 and 200),
  targets jsonb not null,
  policy jsonb not null default '{}',
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  constraint model_route_name_key unique nulls not distinct (project, name)
);
comment on table core.model_route is 'Public names of models, and the targets that serve them.';

create table core.model_cooling (
  target text collate "C" constraint model_cooling_pkey primary key constraint model_cooling_target_length check (length(target) between 1 and 300),
  until timestamptz not null,
  reason text not null
);
comment on table core.model_cooling is 'Targets that a control plane found failing, so that the others do not have to.';

create table core.model_call (
  id bigint generated always as identity constraint model_call_pkey primary key,
  project text collate "C" not null constraint model_call_project_fkey references core.project (name),
  call text collate "C" not null constraint model_call_call_length check (length(call) between 1 and 200),
  at timestamptz not null,
  subject text not null,
  account text not null,
  hold uuid,
  operation text not null,
  route text not null,
  target text,
  model text,
  end_user text,
  tags text[] not null default '{}',
  status int not null,
  usage jsonb not null default '{}',
  charged bigint not null,
  flags text[] not null default '{}',
  attempts int not null,
  first_output_ms int,
  total_ms int not null,
  constraint model_call_key unique (project, call)
);
comment on table core.model_call is 'A row per model call, for CORE_ROUTER_CALL_DAYS. Contents are not kept.';
create index model_call_at_idx on core.model_call (at);
create index model_call_project_idx on core.model_call (project, id);
create index model_call_hold_idx on core.model_call (hold);

create function core.model_provider_view(p_row core.model_provider) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_row.name, 'project', p_row.project, 'kind', p_row.kind, 'base_url', p_row.base_url,
    'secret', p_row.secret, 'settings', p_row.settings, 'updated_at', p_row.updated_at, 'updated_by', p_row.updated_by,
    'etag', core.etag(jsonb_build_object('id', p_row.id, 'updated_at', extract(epoch from p_row.updated_at))))
$$;
comment on function core.model_provider_view is 'A provider as the API shows it.';

-- What the audit log keeps of it: the log refuses a field of that name, whatever is in it.
create function core.model_provider_settings(p_row core.model_provider) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select core.model_provider_view(p_row) - 'secret' || jsonb_build_object('key_name', p_row.secret)
$$;
comment on function core.model_provider_settings is 'What a provider is set to, for the audit log.';

create function core.model_route_view(p_row core.model_route) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_row.name, 'project', p_row.project, 'targets', p_row.targets, 'policy', p_row.policy,
    'updated_at', p_row.updated_at, 'updated_by', p_row.updated_by,
    'etag', core.etag(jsonb_build_object('id', p_row.id, 'updated_at', extract(epoch from p_row.updated_at))))
$$;
comment on function core.model_route_view is 'A route as the API shows it.';

create function core.model_call_view(p_row core.model_call) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('id', p_row.id, 'call', p_row.call, 'at', p_row.at, 'subject', p_row.subject, 'account', p_row.account,
    'hold', p_row.hold, 'operation', p_row.operation, 'route', p_row.route, 'target', p_row.target, 'model', p_row.model,
    'user', p_row.end_user, 'tags', to_jsonb(p_row.tags), 'status', p_row.status, 'usage', p_row.usage, 'charged', p_row.charged,
    'flags', to_jsonb(p_row.flags), 'attempts', p_row.attempts, 'first_output_ms', p_row.first_output_ms, 'total_ms', p_row.total_ms)
$$;
comment on function core.model_call_view is 'A call as the API shows it.';

-- Whose thing it is: a member's is its project's; without a project it is the owner's, and every project may use it.
create function core.router_enter(p_scope text, p_project text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(p_project, core.claims() ->> 'project');
  v_ok boolean;
begin
  v_ok := core.authorize(p_scope, v_project);
  if v_project is not null and not exists (select from core.project where name = v_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(v_project, 100))),
      'Register the project first, or leave it out for all projects.', jsonb_build_object('field', 'project'));
  end if;
  return v_project;
end
$$;
comment on function core.router_enter is 'Authorises a caller and returns its project, null for the owner outside every project.';

-- Counts a change of providers and routes. Locks: the counter, until the transaction ends.
create function core.router_changed() returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
  update core.router_counter set version = version + 1 returning version
$$;
comment on function core.router_changed is 'The next version of the routing, under the lock that keeps versions in commit order.';

create function core.router_require_name(p_name text, p_most int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_name is null or length(p_name) not between 1 and p_most or p_name ~ '[[:cntrl:]]' or p_name in ('.', '..') then
    perform core.refuse('PT400', 'invalid_name', format('name must be a text of 1 to %s characters', p_most), null, jsonb_build_object('field', 'name'));
  end if;
  return true;
end
$$;
comment on function core.router_require_name is 'Raises PT400 unless a text can name a provider or a route.';

-- supabase/schemas/94_router/20_change.sql

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

-- supabase/schemas/94_router/30_read.sql

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

-- supabase/schemas/94_router/40_run.sql

-- What the process that routes writes: coolings, calls, and the charge of calls whose process died.

-- Cools a target until a time, for every process. A later end stays. Naturally idempotent.
create function core_api.router_cool(p_target text, p_ms int, p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_target, 300);
  v_ok := core.require_range('ms', p_ms, 1, 300000);
  v_ok := core.require_text('reason', p_reason, 100);
  insert into core.model_cooling (target, until, reason) values (p_target, clock_timestamp() + make_interval(secs => p_ms / 1000.0), p_reason)
  on conflict on constraint model_cooling_pkey do update set until = greatest(core.model_cooling.until, excluded.until), reason = excluded.reason;
  delete from core.model_cooling where target in (
    select c.target from core.model_cooling c where c.until < (select clock_timestamp() - interval '1 hour') order by c.target limit 100 for update skip locked);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_cool is 'Cools a target for every process that routes.';
revoke execute on function core_api.router_cool from public;
grant execute on function core_api.router_cool to service_role;

-- Writes calls, at most 500; one that is there already stays. Naturally idempotent. Returns how many were new.
create function core_api.router_calls_put(p_calls jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.require_exact('calls', p_calls);
  if jsonb_typeof(p_calls) is distinct from 'array' or jsonb_array_length(p_calls) not between 1 and 500 then
    perform core.refuse('PT400', 'invalid_calls', 'calls must be a list of 1 to 500', null, jsonb_build_object('field', 'calls'));
  end if;
  insert into core.model_call (project, call, at, subject, account, hold, operation, route, target, model, end_user, tags, status, usage,
    charged, flags, attempts, first_output_ms, total_ms)
  select c.project, c.call, c.at, c.subject, c.account, c.hold, c.operation, c.route, c.target, c.model, c."user", c.tags, c.status, c.usage,
    c.charged, c.flags, c.attempts, c.first_output_ms, c.total_ms
  from jsonb_to_recordset(p_calls) as c (project text, call text, at timestamptz, subject text, account text, hold uuid, operation text,
    route text, target text, model text, "user" text, tags text[], status int, usage jsonb, charged bigint, flags text[], attempts int,
    first_output_ms int, total_ms int)
  join core.project p on p.name = c.project
  order by c.project collate "C", c.call collate "C"
  on conflict on constraint model_call_key do nothing;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'written', v_count);
end
$$;
comment on function core_api.router_calls_put is 'Writes the rows of model calls that have ended.';
revoke execute on function core_api.router_calls_put from public;
grant execute on function core_api.router_calls_put to service_role;

-- Removes rows of calls older than p_days, at most p_limit, and responses, answers older than 24 hours and contents older than 7 days, which
-- are long: at most 500 of each. Returns how many rows of calls, and whether something old may be left.
create function core_api.router_sweep(p_limit int default 1000, p_days int default 30) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_sealed int := least(p_limit, 500);
  v_calls int;
  v_answers int;
  v_contents int;
  v_responses int;
  v_sealed_responses int;
begin
  v_ok := core.require_range('limit', p_limit, 1, 10000);
  v_ok := core.require_range('days', p_days, 1, 3650);
  delete from core.model_call where id in (
    select c.id from core.model_call c where c.at < (select clock_timestamp() - make_interval(days => p_days)) order by c.at limit p_limit for update skip locked);
  get diagnostics v_calls = row_count;
  delete from core.model_answer where (project, key_hash) in (
    select a.project, a.key_hash from core.model_answer a where a.at < (select clock_timestamp() - interval '24 hours') order by a.at limit v_sealed
    for update skip locked);
  get diagnostics v_answers = row_count;
  delete from core.model_content where (project, call) in (
    select c.project, c.call from core.model_content c where c.at < (select clock_timestamp() - interval '7 days') order by c.at limit v_sealed
    for update skip locked);
  get diagnostics v_contents = row_count;
  delete from core.model_response where (project, id_hash) in (
    select r.project, r.id_hash from core.model_response r where r.at < (select clock_timestamp() - make_interval(days => p_days)) order by r.at
    limit v_sealed for update skip locked);
  get diagnostics v_responses = row_count;
  delete from core.model_response where (project, id_hash) in (
    select r.project, r.id_hash from core.model_response r where r.sealed is not null and r.at < (select clock_timestamp() - interval '7 days')
    order by r.at limit v_sealed for update skip locked);
  get diagnostics v_sealed_responses = row_count;
  return jsonb_build_object('ok', true, 'removed', v_calls,
    'remaining', v_calls = p_limit or v_sealed in (v_answers, v_contents, v_responses, v_sealed_responses));
end
$$;
comment on function core_api.router_sweep is 'Removes rows of model calls and responses older than some days, kept answers older than 24 hours, and contents older than 7 days.';
revoke execute on function core_api.router_sweep from public;
grant execute on function core_api.router_sweep to service_role;

-- The row of a call whose process died, from what its hold says of it; its id has the time at which it began. Metadata are their
-- writer's, so nothing in them can stop this; nor can an account of no registered project. Locks: none.
create function core.router_note_crash(p_hold uuid, p_project text, p_metadata jsonb, p_charged bigint) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into core.model_call (project, call, at, subject, account, hold, operation, route, target, model, end_user, tags, status, charged,
    flags, attempts, total_ms)
  select p_project, p_metadata ->> 'call', case when substr(p_hold::text, 15, 1) = '7'
      then least(clock_timestamp(), to_timestamp(('x' || translate(left(p_hold::text, 13), '-', ''))::bit(48)::bigint / 1000.0))
      else clock_timestamp() end,
    p_metadata ->> 'subject', p_metadata ->> 'account', p_hold, p_metadata ->> 'operation', p_metadata ->> 'route', p_metadata ->> 'target',
    p_metadata ->> 'model', p_metadata ->> 'user', array(select jsonb_array_elements_text(case jsonb_typeof(p_metadata -> 'tags') when 'array'
      then p_metadata -> 'tags' else '[]' end)), 500, p_charged, '{crashed}', 1, 0
  from core.project p
  where p.name = p_project and length(p_metadata ->> 'call') between 1 and 200 and p_metadata ?& '{subject,account,operation,route}'::text[]
    and p_metadata ->> 'subject' is not null and p_metadata ->> 'account' is not null and p_metadata ->> 'operation' is not null
    and p_metadata ->> 'route' is not null
  on conflict on constraint model_call_key do nothing
$$;
comment on function core.router_note_crash is 'Writes the row of a model call whose process died.';

-- Charges calls whose hold lapsed p_after_s ago, because the process that made them died: what their row says, else the floor
-- that the hold names, the price of the input. Settles that a process kept come before that, by their own key. Once per hold:
-- a hold is settled late once. Locks: as ledger_batch.
create function core_api.router_recover(p_limit int default 100, p_after_s int default 900, p_crash text default 'floor') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_ids uuid[];
  v_projects text[];
  v_metadata jsonb[];
  v_amounts bigint[];
  v_charged bigint[];
begin
  v_ok := core.require_range('limit', p_limit, 1, 1000);
  v_ok := core.require_range('after_s', p_after_s, 1, 86400);
  if p_crash is null or p_crash not in ('floor', 'nothing') then
    perform core.refuse('PT400', 'invalid_crash', 'crash must be floor or nothing', null, jsonb_build_object('field', 'crash'));
  end if;
  select array_agg(h.id), array_agg(h.project), array_agg(h.metadata),
    array_agg(coalesce((select c.charged from core.model_call c where c.hold = h.id and c.project = h.project limit 1),
      case when p_crash = 'floor' and jsonb_typeof(h.metadata -> 'floor') = 'number'
        and (h.metadata ->> 'floor')::numeric between 0 and 9007199254740991 then trunc((h.metadata ->> 'floor')::numeric)::bigint end, 0))
  into v_ids, v_projects, v_metadata, v_amounts
  from core.ledger_lapsed_holds(make_interval(secs => p_after_s), p_limit) h;
  v_charged := core.ledger_settle_lapsed(v_ids, v_projects, v_amounts, '{"flags": ["crashed"]}');
  perform core.router_note_crash(u.id, u.project, u.metadata, u.charged)
  from unnest(v_ids, v_projects, v_metadata, v_charged) as u (id, project, metadata, charged) where u.charged is not null;
  return jsonb_build_object('ok', true, 'recovered', cardinality(array_remove(v_charged, null)),
    'charged', coalesce((select sum(c) from unnest(v_charged) as c), 0));
end
$$;
comment on function core_api.router_recover is 'Charges model calls whose process died, once: the price of their input, or nothing.';
revoke execute on function core_api.router_recover from public;
grant execute on function core_api.router_recover to service_role;

-- supabase/schemas/94_router/50_answer.sql

-- Answers that are kept for a repeated Idempotency-Key, sealed by the process that routes.

create table core.model_answer (
  project text collate "C" not null constraint model_answer_project_fkey references core.project (name),
  key_hash text collate "C" not null constraint model_answer_key_hash_form check (key_hash ~ '^[0-9a-f]{64}$'),
  request_hash text not null constraint model_answer_request_hash_form check (request_hash ~ '^[0-9a-f]{64}$'),
  sealed text not null constraint model_answer_sealed_length check (length(sealed) between 1 and 400000),
  at timestamptz not null default clock_timestamp(),
  constraint model_answer_pkey primary key (project, key_hash)
);
comment on table core.model_answer is 'Plain answers of model calls with an Idempotency-Key, sealed, for 24 hours.';
create index model_answer_at_idx on core.model_answer (at);

create function core.router_require_hash(p_field text, p_hash text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_hash is null or p_hash !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be 64 hexadecimal digits', p_field), null, jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.router_require_hash is 'Raises PT400 unless a text is a SHA-256 in hexadecimal digits.';

-- Keeps the sealed answer of a call. Naturally idempotent: the first one stays.
create function core_api.router_answer_put(p_project text, p_key_hash text, p_request_hash text, p_sealed text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('key_hash', p_key_hash);
  v_ok := core.router_require_hash('request_hash', p_request_hash);
  v_ok := core.require_text('sealed', p_sealed, 400000);
  insert into core.model_answer (project, key_hash, request_hash, sealed)
  select p.name, p_key_hash, p_request_hash, p_sealed from core.project p where p.name = p_project
  on conflict on constraint model_answer_pkey do nothing;
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_answer_put is 'Keeps the sealed answer of a model call.';
revoke execute on function core_api.router_answer_put from public;
grant execute on function core_api.router_answer_put to service_role;

-- The answer that was kept under a key within 24 hours; null where there is none.
create function core_api.router_answer(p_project text, p_key_hash text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('key_hash', p_key_hash);
  return jsonb_build_object('ok', true, 'answer', (
    select jsonb_build_object('request_hash', request_hash, 'sealed', sealed) from core.model_answer
    where project = p_project and key_hash = p_key_hash and at > clock_timestamp() - interval '24 hours'));
end
$$;
comment on function core_api.router_answer is 'The sealed answer that was kept under a key.';
revoke execute on function core_api.router_answer from public;
grant execute on function core_api.router_answer to service_role;

-- supabase/schemas/94_router/60_content.sql

-- What was asked and answered, of routes that say so: sealed by the process that routes, which alone can open it.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('model:content', 'Read what model calls asked and answered', '{admin,owner}', false, null);

create table core.model_content (
  project text collate "C" not null constraint model_content_project_fkey references core.project (name),
  call text collate "C" not null constraint model_content_call_length check (length(call) between 1 and 200),
  at timestamptz not null,
  sealed text not null constraint model_content_sealed_length check (length(sealed) between 1 and 700000),
  constraint model_content_pkey primary key (project, call)
);
comment on table core.model_content is 'Requests and answers of model calls whose route has log: content, sealed, for seven days.';
create index model_content_at_idx on core.model_content (at);

-- Writes contents of calls, [{project, call, at, sealed}], at most 20; one that is there already stays. Naturally idempotent.
-- Returns how many were new.
create function core_api.router_contents_put(p_contents jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.require_exact('contents', p_contents);
  if jsonb_typeof(p_contents) is distinct from 'array' or jsonb_array_length(p_contents) not between 1 and 20 then
    perform core.refuse('PT400', 'invalid_contents', 'contents must be a list of 1 to 20', null, jsonb_build_object('field', 'contents'));
  end if;
  insert into core.model_content (project, call, at, sealed)
  select c.project, c.call, c.at, c.sealed
  from jsonb_to_recordset(p_contents) as c (project text, call text, at timestamptz, sealed text)
  join core.project p on p.name = c.project
  order by c.project collate "C", c.call collate "C"
  on conflict on constraint model_content_pkey do nothing;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'written', v_count);
end
$$;
comment on function core_api.router_contents_put is 'Writes the sealed contents of model calls.';
revoke execute on function core_api.router_contents_put from public;
grant execute on function core_api.router_contents_put to service_role;

-- The sealed content of a call; null where none is kept.
create function core_api.router_content(p_call text, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('model:content', p_project);
  v_ok boolean := core.require_text('call', p_call, 200);
begin
  return jsonb_build_object('ok', true, 'content', (
    select jsonb_build_object('at', at, 'sealed', sealed) from core.model_content
    where project = v_project and call = p_call and at > clock_timestamp() - interval '7 days'));
end
$$;
comment on function core_api.router_content is 'The sealed content of a model call.';
revoke execute on function core_api.router_content from public;
grant execute on function core_api.router_content to core_member, service_role;

-- supabase/schemas/94_router/70_response.sql

-- Responses: which provider answered each, so that a conversation is continued there, and the content of those that their provider
-- does not keep, sealed by the process that routes.

create table core.model_response (
  project text collate "C" not null constraint model_response_project_fkey references core.project (name),
  id_hash text collate "C" not null constraint model_response_id_hash_form check (id_hash ~ '^[0-9a-f]{64}$'),
  provider text not null,
  provider_project text,
  model text not null,
  tokens bigint not null constraint model_response_tokens_range check (tokens between 0 and 9007199254740991),
  sealed text constraint model_response_sealed_length check (length(sealed) between 1 and 400000),
  at timestamptz not null default clock_timestamp(),
  constraint model_response_pkey primary key (project, id_hash)
);
comment on table core.model_response is 'Who answered a response of a caller, for CORE_ROUTER_CALL_DAYS, and what its provider does not keep, sealed, for seven days.';
comment on column core.model_response.id_hash is 'SHA-256 of the caller and of the response''s id.';
comment on column core.model_response.provider_project is 'Whose provider it is; null for one of all projects.';
comment on column core.model_response.tokens is 'Of the conversation up to it, for what the next call reserves.';
create index model_response_at_idx on core.model_response (at);
create index model_response_sealed_at_idx on core.model_response (at) where sealed is not null;

-- Notes who answered a response; p_sealed is its content where that provider does not keep it. Naturally idempotent: the
-- first one stays.
create function core_api.router_response_put(p_project text, p_id_hash text, p_provider text, p_model text, p_tokens bigint,
  p_provider_project text default null, p_sealed text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  v_ok := core.router_require_name(p_provider, 50);
  v_ok := core.router_require_name(p_model, 200);
  v_ok := core.require_range('tokens', p_tokens, 0, 9007199254740991);
  v_ok := p_sealed is null or core.require_text('sealed', p_sealed, 400000);
  insert into core.model_response (project, id_hash, provider, provider_project, model, tokens, sealed)
  select p.name, p_id_hash, p_provider, p_provider_project, p_model, p_tokens, p_sealed from core.project p where p.name = p_project
  on conflict on constraint model_response_pkey do nothing;
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_response_put is 'Notes who answered a response, and its sealed content where that provider keeps none.';
revoke execute on function core_api.router_response_put from public;
grant execute on function core_api.router_response_put to service_role;

-- A response of a caller; null where there is none, or none any more.
create function core_api.router_response(p_project text, p_id_hash text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  return jsonb_build_object('ok', true, 'response', (
    select jsonb_build_object('provider', provider, 'provider_project', provider_project, 'model', model, 'tokens', tokens, 'sealed', sealed)
    from core.model_response
    where project = p_project and id_hash = p_id_hash and (sealed is null or at > clock_timestamp() - interval '7 days')));
end
$$;
comment on function core_api.router_response is 'Who answered a response, and its sealed content.';
revoke execute on function core_api.router_response from public;
grant execute on function core_api.router_response to service_role;

-- Forgets a response. Naturally idempotent: removed false where there is none.
create function core_api.router_response_remove(p_project text, p_id_hash text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  delete from core.model_response where project = p_project and id_hash = p_id_hash;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'removed', v_count > 0);
end
$$;
comment on function core_api.router_response_remove is 'Forgets a response.';
revoke execute on function core_api.router_response_remove from public;
grant execute on function core_api.router_response_remove to service_role;

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
