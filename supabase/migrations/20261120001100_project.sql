-- Generated from supabase/schemas/10_project by `npm run generate`. Do not edit.

-- supabase/schemas/10_project/00_steps.sql

-- What higher nouns may name: the table, whose name column their foreign keys and checks refer to.

create table core.project (
  name text collate "C" constraint project_pkey primary key
    constraint project_name_form check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
  version text,
  capabilities jsonb not null default '[]',
  endpoints jsonb not null default '{}',
  metadata jsonb not null default '{}',
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz
);
comment on table core.project is 'The sibling projects that share this database.';
comment on column core.project.archived_at is 'Since when nothing but reading is possible; null for a project in use.';

-- supabase/schemas/10_project/10_registry.sql

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

-- supabase/schemas/10_project/20_update.sql

-- One project: read, made where there is none, changed where there is one. project_register does either.

create function core_api.project_get(p_name text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.project;
begin
  perform core.authorize('project:read', p_name);
  select * into v_row from core.project where name = p_name;
  if v_row.name is null then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'List the projects.');
  end if;
  return jsonb_build_object('ok', true) || core.project_view(v_row);
end
$$;
comment on function core_api.project_get is 'A registered project. PT404 where there is none.';
revoke execute on function core_api.project_get from public;
grant execute on function core_api.project_get to core_member, service_role;

-- Registers a project that is not there yet. Replays on p_key. Locks: the key.
create function core_api.project_create(
  p_key text, p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_request jsonb := jsonb_build_object('op', 'project_create', 'name', p_name, 'version', p_version,
    'capabilities', p_capabilities, 'endpoints', p_endpoints, 'metadata', p_metadata);
  v_answer jsonb;
begin
  perform core.authorize('project:write', p_name, p_is_new => true);
  v_answer := core.first_answer('', p_key, v_request);
  if v_answer is not null then return v_answer; end if;
  begin
    v_answer := core_api.project_register(p_name, p_version, p_capabilities, p_endpoints, p_metadata, p_if_match => '{}');
  exception when sqlstate 'PT412' then
    perform core.refuse('PT409', 'project_exists', format('there is a project %s already', p_name), 'Change it, or choose another name.');
  end;
  return core.keep_answer('', p_key, v_request, v_answer);
end
$$;
comment on function core_api.project_create is 'Registers a sibling project. PT409 where there is one of that name. Replays on p_key.';
revoke execute on function core_api.project_create from public;
grant execute on function core_api.project_create to core_member, service_role;

-- Changes what a project says of itself; unlike project_register it makes none. Null keeps what is stored. Idempotent.
create function core_api.project_update(
  p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null, p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('project:write', p_name);
  if not exists (select from core.project where name = p_name) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'Register the project first.');
  end if;
  return core_api.project_register(p_name, p_version, p_capabilities, p_endpoints, p_metadata, p_if_match);
end
$$;
comment on function core_api.project_update is 'Changes what a registered project says of itself. PT404 where there is none.';
revoke execute on function core_api.project_update from public;
grant execute on function core_api.project_update to core_member, service_role;

-- supabase/schemas/10_project/30_archive.sql

-- Projects that have ended. Nothing of them is deleted: what they may do is. Other nouns react with triggers on the table.

-- Archives a project: its keys are refused, claims for it read and change nothing else, and its spending is denied. Its
-- books stay. For the owner alone. Idempotent. Locks: the project.
create function core_api.project_archive(p_name text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.project_set_archived(p_name, true);
end
$$;
comment on function core_api.project_archive is 'Archives a project: its keys are refused and its spending denied; everything it has stays. Owner only. Idempotent.';
revoke execute on function core_api.project_archive from public;
grant execute on function core_api.project_archive to core_member, service_role;

-- Undoes project_archive: keys and accounts are as they were before. For the owner alone. Idempotent. Locks: the project.
create function core_api.project_restore(p_name text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.project_set_archived(p_name, false);
end
$$;
comment on function core_api.project_restore is 'Restores an archived project: keys and accounts are as they were. Owner only. Idempotent.';
revoke execute on function core_api.project_restore from public;
grant execute on function core_api.project_restore to core_member, service_role;

create function core.project_set_archived(p_name text, p_archived boolean) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_before core.project;
  v_row core.project;
begin
  if core.member_claims() is not null then
    -- Who may not even read the project learns nothing of it.
    perform core.authorize('project:read', p_name);
    perform core.refuse('PT403', 'owner_only', 'only the owner archives and restores projects', 'Ask the owner.');
  end if;
  perform core.authorize('project:write', p_name);
  select * into v_before from core.project where name = p_name for no key update;
  if v_before.name is null then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'List the projects.');
  end if;
  v_row := v_before;
  if (v_before.archived_at is not null) <> p_archived then
    update core.root_name set is_archived = p_archived where name = p_name;
    update core.project set archived_at = case when p_archived then clock_timestamp() end, updated_at = clock_timestamp()
    where name = p_name returning * into v_row;
    perform core.audit(case when p_archived then 'project.archive' else 'project.restore' end, 'project:' || p_name, p_name,
      core.project_view(v_before), core.project_view(v_row));
  end if;
  return jsonb_build_object('ok', true) || core.project_view(v_row);
end
$$;
comment on function core.project_set_archived is 'core_api.project_archive and project_restore.';

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
