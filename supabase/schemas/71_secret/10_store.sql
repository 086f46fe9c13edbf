-- Secrets: texts such as keys of providers. The control plane seals and opens them with keys that it alone has; here is
-- ciphertext, bound to project, name and version.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('secret:write', 'List, set and remove secrets; no value is ever shown', '{admin,owner}', false, null);

create table core.secret (
  id uuid constraint secret_pkey primary key default core.new_id(),
  project text collate "C" constraint secret_project_fkey references core.project (name),
  name text collate "C" not null constraint secret_name_form check (core.is_secret_name(name)),
  version uuid not null,
  sealed text not null constraint secret_sealed_form check (core.is_sealed(sealed)),
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  constraint secret_key unique nulls not distinct (project, name)
);
comment on table core.secret is 'Texts that only a process with the key can read.';
comment on column core.secret.project is 'Whose it is; null: the installation''s.';
comment on column core.secret.version is 'Another one each time the secret is set, and part of what its seal is bound to.';

-- A secret as the API shows it: never its value, sealed or not.
create function core.secret_view(p_row core.secret) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_row.name, 'project', p_row.project, 'version', p_row.version,
    'key_id', split_part(p_row.sealed, '.', 2), 'created_at', p_row.created_at, 'created_by', p_row.created_by,
    'updated_at', p_row.updated_at, 'updated_by', p_row.updated_by)
$$;
comment on function core.secret_view is 'A secret without its value.';

create function core.secret_resource(p_row core.secret) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select 'secret:' || coalesce(p_row.project || '/', '') || p_row.name
$$;
comment on function core.secret_resource is 'What the audit log calls a secret.';

-- The project of a call: a member's own, else the named one; null for the owner is the installation.
create function core.secret_enter(p_project text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(p_project, core.member_claims() ->> 'project');
begin
  perform core.authorize('secret:write', v_project);
  return v_project;
end
$$;
comment on function core.secret_enter is 'Authorises a call for the secrets of a project, or of the installation.';

-- Sets a secret; idempotent. Locks: the secrets of the project, so that of two who set none passes the limit.
create function core_api.secret_put(p_name text, p_sealed text, p_version uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.secret_enter(p_project);
  v_old core.secret;
  v_new core.secret;
begin
  perform core.require_sealed('sealed', p_sealed);
  if core.is_secret_name(p_name) is not true then
    perform core.refuse('PT400', 'invalid_name', 'the name of a secret is 1 to 100 letters, digits, _ and -, and begins with a letter',
      null, jsonb_build_object('field', 'name'));
  elsif p_version is null then
    perform core.refuse('PT400', 'invalid_version', 'version is missing', null, jsonb_build_object('field', 'version'));
  elsif v_project is not null and not exists (select from core.project where name = v_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(v_project, 100))), 'Register the project first.');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('secret:' || coalesce(v_project, ''), 0));
  select * into v_old from core.secret where (project = v_project or project is null and v_project is null) and name = p_name for update;
  if v_old.sealed = p_sealed and v_old.version = p_version then
    return jsonb_build_object('ok', true, 'created', false) || core.secret_view(v_old);
  elsif v_old.id is null and 100 <= (select count(*) from core.secret where (project = v_project or project is null and v_project is null)) then
    perform core.refuse('PT409', 'too_many_secrets', 'a project can have 100 secrets', 'Remove those no longer used.', jsonb_build_object('max', 100));
  end if;
  insert into core.secret as s (project, name, version, sealed) values (v_project, p_name, p_version, p_sealed)
  on conflict on constraint secret_key do update set
    version = excluded.version, sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by
  returning * into v_new;
  perform core.audit('secret.set', core.secret_resource(v_new), v_project,
    case when v_old.id is not null then core.secret_view(v_old) end, core.secret_view(v_new));
  return jsonb_build_object('ok', true, 'created', v_old.id is null) || core.secret_view(v_new);
end
$$;
comment on function core_api.secret_put is 'Keeps a sealed secret of a project, or of the installation. Idempotent.';
revoke execute on function core_api.secret_put from public;
grant execute on function core_api.secret_put to core_member, service_role;

-- Answers with what it was. Locks: the secret.
create function core_api.secret_remove(p_name text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.secret_enter(p_project);
  v_row core.secret;
begin
  delete from core.secret where (project = v_project or project is null and v_project is null) and name = p_name returning * into v_row;
  if v_row.id is null then perform core.refuse_no_secret(); end if;
  perform core.audit('secret.remove', core.secret_resource(v_row), v_project, core.secret_view(v_row), null);
  return jsonb_build_object('ok', true) || core.secret_view(v_row);
end
$$;
comment on function core_api.secret_remove is 'Removes a secret. PT404 where there is none.';
revoke execute on function core_api.secret_remove from public;
grant execute on function core_api.secret_remove to core_member, service_role;

-- All of a project, or of the installation: there are at most 100.
create function core_api.secret_list(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.secret_enter(p_project);
begin
  return jsonb_build_object('ok', true, 'secrets', (
    select coalesce(jsonb_agg(core.secret_view(s) order by s.name collate "C"), '[]')
    from core.secret s where (s.project = v_project or s.project is null and v_project is null)));
end
$$;
comment on function core_api.secret_list is 'The secrets of a project, or of the installation, by name; no values.';
revoke execute on function core_api.secret_list from public;
grant execute on function core_api.secret_list to core_member, service_role;

create function core.refuse_no_secret() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', 'secret_not_found', 'there is no such secret', 'List the secrets to find its name.');
end
$$;
comment on function core.refuse_no_secret is 'Raises PT404: there is no such secret.';
