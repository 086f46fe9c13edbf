-- Generated from supabase/schemas/65_system by `npm run generate`. Do not edit.

-- supabase/schemas/65_system/10_info.sql

-- What is installed.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('system:read', 'Read system status and bottlenecks', '{}', false, null);

-- What the server is and which migrations it has applied, from the Supabase CLI's own history.
create function core_api.system_info() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_versions text[] := '{}';
begin
  v_ok := core.authorize('system:read', null);
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    execute 'select coalesce(array_agg(version order by version), ''{}'') from supabase_migrations.schema_migrations'
      into v_versions;
  end if;
  return jsonb_build_object('ok', true, 'server_version', current_setting('server_version'), 'migrations', to_jsonb(v_versions));
end
$$;
comment on function core_api.system_info is 'The version of the server and of every migration it has applied. Owner only.';
revoke execute on function core_api.system_info from public;
grant execute on function core_api.system_info to service_role;

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
