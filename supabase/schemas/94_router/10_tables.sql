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
