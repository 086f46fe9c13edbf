-- Two schemas: `core` holds tables and internal functions and is granted to no role; `core_api` holds the functions
-- that are the only way in. Roles are made only where Supabase has not made them already.

create schema core;
create schema core_api;
comment on schema core is 'Tables and internal functions of Core. Never exposed, never granted.';
comment on schema core_api is 'The functions of Core: the only way in, for every language and driver.';

-- Roles belong to the whole cluster: another database, or its DBA, may have made them. What exists is left as it is.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'core_member'] loop
    if exists (select from pg_catalog.pg_roles where rolname = v_role) then continue; end if;
    begin
      execute format('create role %I nologin', v_role);
      if v_role = 'core_member' then
        comment on role core_member is 'A sibling project. Its JWT claims (project, caps) bound what core.authorize lets it do.';
      end if;
    exception
      when duplicate_object or unique_violation then null; -- another database of the cluster was faster
      when insufficient_privilege then
        raise insufficient_privilege using
          message = format('the role %s is missing, and %s may not create roles', v_role, current_user),
          hint = 'Run `core migrate plan` and have a DBA execute the SQL it prints. Then run `core migrate up`.';
    end;
  end loop;
end
$$;

-- Default privileges of a host may have given them to the roles of its API.
revoke all on schema core, core_api from public, anon, authenticated;
grant usage on schema core_api to core_member, service_role;

-- Micro-credits: every amount is a whole number that a JSON number holds exactly in any language (2^53 - 1).
create domain core.amount as bigint
  constraint amount_range check (value between 0 and 9007199254740991);
comment on domain core.amount is 'Whole micro-credits in [0, 2^53 - 1]; 1,000,000 are one credit.';

-- Where PostgREST serves this database, it may act as core_member, and core_api joins the schemas it exposes, in this database
-- only. An owner without the right to one of the two gets a notice: nothing but PostgREST needs them.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticator')
    or pg_catalog.pg_has_role('authenticator', 'core_member', 'member') then return; end if;
  grant core_member to authenticator;
exception when insufficient_privilege then
  raise notice 'PostgREST may not act as core_member: % may not grant it. `core migrate plan` prints the SQL for a DBA.', current_user;
end
$$;
do $$
declare
  v_schemas text;
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then return; end if;
  select split_part(c.setting, '=', 2) into v_schemas
  from pg_catalog.pg_db_role_setting s cross join lateral unnest(s.setconfig) as c (setting)
  where s.setrole = 'authenticator'::regrole and c.setting like 'pgrst.db_schemas=%'
    and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  order by s.setdatabase desc limit 1;
  -- Without a setting PostgREST serves public, and on Supabase graphql_public, too.
  v_schemas := coalesce(nullif(v_schemas, ''), 'public' ||
    case when exists (select from pg_catalog.pg_namespace where nspname = 'graphql_public') then ', graphql_public' else '' end);
  if 'core_api' <> all (regexp_split_to_array(v_schemas, '\s*,\s*')) then
    execute format('alter role authenticator in database %I set pgrst.db_schemas = %L', current_database(), v_schemas || ', core_api');
  end if;
exception when insufficient_privilege then
  raise notice 'PostgREST does not expose core_api: % may not change the role authenticator. `core migrate plan` prints the SQL for a DBA.', current_user;
end
$$;
notify pgrst, 'reload config';
notify pgrst, 'reload schema';
