-- Scopes: what a credential can be allowed to do. Each noun adds its own rows. Checking one reads no table: a credential
-- carries its scopes in its claims, and core.authorize compares those.

create table core.scope (
  name text collate "C" constraint scope_pkey primary key constraint scope_name_form check (name ~ '^[a-z]+:[a-z]+$'),
  summary text not null,
  roles text[] not null,
  is_default boolean not null,
  topic text collate "C" constraint scope_topic_key unique
);
comment on table core.scope is 'Every scope core.authorize knows, except those that only the whole system has.';
comment on column core.scope.roles is 'The roles of members that have it.';
comment on column core.scope.is_default is 'Whether a new key of a project has it unless its maker says otherwise.';
comment on column core.scope.topic is 'The topic whose events need it, with all topics below it (ledger covers ledger.balance).';

create function core.scopes() returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select array(select name from core.scope order by name collate "C")
$$;
comment on function core.scopes is 'The names of all scopes.';
