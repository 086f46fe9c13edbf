-- Two schemas: `core` holds tables and internal functions and is granted to nobody; `core_api` holds the functions
-- that are the only way in. Roles are made only where Supabase has not made them already.

create schema core;
create schema core_api;
comment on schema core is 'Tables and internal functions of Core. Never exposed, never granted.';
comment on schema core_api is 'The functions of Core: the only way in, for every language and driver.';

revoke all on schema core, core_api from public;

do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'core_member'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute format('create role %I nologin', v_role);
    end if;
  end loop;
end
$$;
comment on role core_member is 'A sibling project. Its JWT claims (project, caps) bound what core.authorize lets it do.';

grant usage on schema core_api to core_member, service_role;

-- Micro-credits: every amount is a whole number that a JSON number holds exactly in any language (2^53 - 1).
create domain core.amount as bigint
  constraint amount_range check (value between 0 and 9007199254740991);
comment on domain core.amount is 'Whole micro-credits in [0, 2^53 - 1]; 1,000,000 are one credit.';

-- Where PostgREST serves this database, it must expose core_api and be told so, without a click in a dashboard.
do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then
    grant core_member to authenticator;
    alter role authenticator set pgrst.db_schemas = 'public, graphql_public, core_api';
  end if;
end
$$;
notify pgrst, 'reload config';
notify pgrst, 'reload schema';
