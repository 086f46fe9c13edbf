-- The sibling projects. Each gets a schema of its own beside the shared ones, owned by a role of its own.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('project:read', 'Read project metadata', '{viewer,operator,admin,owner}', true, null),
  ('project:write', 'Change project metadata', '{admin,owner}', false, null);

create function core.project_view(p_project core.project) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object(
    'name', p_project.name, 'version', p_project.version, 'capabilities', p_project.capabilities,
    'endpoints', p_project.endpoints, 'metadata', p_project.metadata,
    'registered_at', p_project.registered_at, 'updated_at', p_project.updated_at, 'archived_at', p_project.archived_at, 'etag',
    core.etag(to_jsonb(p_project) - '{registered_at,archived_at}'::text[] || jsonb_build_object('updated_at', extract(epoch from p_project.updated_at))));
end
$$;
comment on function core.project_view is 'A project as the API shows it.';

-- Makes a project's schema, owned by a role of its own. Roles are the cluster's: where this owner may not create or use
-- that role, the schema is its own, and the answer is the SQL with which a DBA completes it; else null.
create function core.project_make_schema(p_name text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_role text := 'project_' || p_name;
begin
  if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
    begin
      execute format('create role %I nologin', v_role);
      execute format('grant %I to current_user', v_role);
    exception
      when duplicate_object or unique_violation then null; -- another database of the cluster was faster
      when insufficient_privilege then null;
    end;
  end if;
  if not exists (select from pg_catalog.pg_namespace where nspname = p_name) then
    begin
      execute format('create schema %I authorization %I', p_name, v_role);
    exception when insufficient_privilege or undefined_object then
      execute format('create schema %I', p_name);
    end;
  end if;
  if exists (select from pg_catalog.pg_namespace where nspname = p_name and pg_get_userbyid(nspowner) = current_user and v_role <> current_user) then
    return case when not exists (select from pg_catalog.pg_roles where rolname = v_role) then format('create role %I nologin; ', v_role) else '' end
      || format('grant %I to %I; alter schema %I owner to %I;', v_role, current_user, p_name, v_role);
  end if;
  return null;
end
$$;
comment on function core.project_make_schema is 'Makes the schema and the role of a project; the SQL for a DBA where this owner may not.';

-- Registers a project or updates what it says of itself. Idempotent by name: null keeps what is stored, and what is
-- said again changes nothing. p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.project_register(
  p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null, p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_reserved constant text[] := array['core', 'core_api', 'public', 'auth', 'storage', 'realtime', 'extensions',
    'graphql', 'graphql_public', 'vault', 'cron', 'net', 'pgbouncer', 'supabase_migrations', 'information_schema',
    'current', 'issuer', 'sink', 'breakage'];
  v_before core.project;
  v_row core.project;
  v_sql text;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,47}$' or p_name like 'pg\_%' or p_name = any (v_reserved) then
    perform core.refuse('PT400', 'invalid_project', format('%s cannot name a project', coalesce(quote_literal(p_name), 'null')),
      'Use 1 to 48 lowercase letters, digits and underscores, beginning with a letter, that are not a reserved schema name.',
      jsonb_build_object('field', 'name'));
  end if;
  v_ok := core.authorize('project:write', p_name, p_is_new => true);
  if p_metadata is not null then v_ok := core.require_object('metadata', p_metadata); end if;
  if p_endpoints is not null then v_ok := core.require_object('endpoints', p_endpoints); end if;
  v_ok := core.require_exact('capabilities', p_capabilities);
  if p_capabilities is not null and jsonb_typeof(p_capabilities) <> 'array' then
    perform core.refuse('PT400', 'invalid_capabilities', 'capabilities must be a JSON array', 'Send a list of texts.',
      jsonb_build_object('field', 'capabilities'));
  end if;

  v_ok := core.take_name(p_name, 'project');
  insert into core.project as p (name, version, capabilities, endpoints, metadata)
  values (p_name, p_version, coalesce(p_capabilities, '[]'), coalesce(p_endpoints, '{}'), coalesce(p_metadata, '{}'))
  on conflict (name) do nothing returning * into v_row;
  if found then
    v_ok := core.require_match(p_if_match, null);
  else
    select * into v_before from core.project where name = p_name for no key update;
    v_ok := core.require_match(p_if_match, core.project_view(v_before) ->> 'etag');
    update core.project p set
      version = coalesce(p_version, p.version),
      capabilities = coalesce(p_capabilities, p.capabilities),
      endpoints = coalesce(p_endpoints, p.endpoints),
      metadata = coalesce(p_metadata, p.metadata),
      updated_at = clock_timestamp()
    where p.name = p_name and (p.version, p.capabilities, p.endpoints, p.metadata) is distinct from
      (coalesce(p_version, p.version), coalesce(p_capabilities, p.capabilities), coalesce(p_endpoints, p.endpoints), coalesce(p_metadata, p.metadata))
    returning * into v_row;
    if not found then v_row := v_before; end if;
  end if;
  if v_row is distinct from v_before then
    perform core.audit(case when v_before.name is null then 'project.register' else 'project.update' end, 'project:' || p_name,
      p_name, case when v_before.name is not null then core.project_view(v_before) end, core.project_view(v_row));
  end if;

  v_sql := core.project_make_schema(p_name);
  return jsonb_build_object('ok', true, 'dba_sql', v_sql) || core.project_view(v_row);
end
$$;
comment on function core_api.project_register is 'Registers a sibling project, or updates what it says of itself, and makes its own schema. Idempotent by name.';
revoke execute on function core_api.project_register from public;
grant execute on function core_api.project_register to core_member, service_role;

-- All projects for the owner; a member sees its own.
create function core_api.project_list() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_only text := core.claims() ->> 'project';
  v_rows jsonb;
begin
  v_ok := core.authorize('project:read', v_only);
  select coalesce(jsonb_agg(core.project_view(p) order by p.name), '[]') into v_rows
  from core.project p where v_only is null or p.name = v_only;
  return jsonb_build_object('ok', true, 'projects', v_rows);
end
$$;
comment on function core_api.project_list is 'The registered projects; a member sees only its own.';
revoke execute on function core_api.project_list from public;
grant execute on function core_api.project_list to core_member, service_role;
