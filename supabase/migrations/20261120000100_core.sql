-- Generated from supabase/schemas/00_core by `npm run generate`. Do not edit.

-- supabase/schemas/00_core/10_roles.sql

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

-- supabase/schemas/00_core/20_authorize.sql

-- Refusals, authorisation and ids: the steps with which every function of core_api begins.

-- Raises a misuse. PostgREST answers SQLSTATE PTnnn with HTTP status nnn; the detail is JSON so that every driver
-- reads the same reason. A raise rolls back the whole call.
create function core.refuse(p_sqlstate text, p_code text, p_message text, p_fix text default null, p_details jsonb default '{}')
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = p_sqlstate,
    message = p_message,
    hint = coalesce(p_fix, ''),
    detail = (jsonb_build_object('code', p_code) || p_details)::text;
end
$$;
comment on function core.refuse is 'Raises a coded misuse (PT400, PT403, PT404, PT409, PT412, PT413, PT422) with a message, a fix and machine-readable details.';

-- The claims of the caller's JWT, or null for a direct connection without any.
create function core.claims() returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
end
$$;
comment on function core.claims is 'The JWT claims PostgREST or a driver set for this transaction.';

-- The claims of a caller who is bound by them; null for the owner and service_role, who are not. In plpgsql: an expression
-- there takes a tenth of the time of a statement, and every call asks.
create function core.member_claims() returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  if current_setting('role', true) = 'core_member' or v_claims ->> 'role' = 'core_member' then return coalesce(v_claims, '{}'); end if;
  return null;
end
$$;
comment on function core.member_claims is 'The claims that bind the caller, or null where none do.';

-- Who acts, for journals and audit rows. An owner's call may carry claims, too: `sub` and `rid` and nothing else. They
-- name it and give it nothing: what a caller may do is decided by its database role alone, and claims only ever bind.
create function core.actor() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce(core.claims() ->> 'sub', nullif(current_setting('role', true), 'none'), session_user::text);
end
$$;
comment on function core.actor is 'The subject of the JWT, or the database role of a direct connection.';

-- By which request it came, for journals and audit rows. Read from the claims, so that only who can sign a
-- token can name a request; null where the call comes from no request.
create function core.request_id() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return core.claims() ->> 'rid';
end
$$;
comment on function core.request_id is 'The id of the request that the control plane was answering, or null.';

-- One name, one noun: projects and root accounts share the first segment of codes and paths, so a name that one of them
-- has taken is closed to the other. The primary key decides between two callers at the same moment.
create table core.root_name (
  name text collate "C" constraint root_name_pkey primary key,
  noun text not null,
  is_archived boolean not null default false
);
comment on column core.root_name.is_archived is 'Claims for this name only read.';
comment on table core.root_name is 'Which noun has taken a name: a project, or an account outside every project.';

-- Takes a name for a noun, or raises PT409 where another noun has it. Idempotent. Locks: the name, until the end.
create function core.take_name(p_name text, p_noun text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_noun text;
begin
  insert into core.root_name (name, noun) values (p_name, p_noun) on conflict on constraint root_name_pkey do nothing;
  select noun into v_noun from core.root_name where name = p_name;
  if v_noun is distinct from p_noun then
    perform core.refuse('PT409', 'name_taken', format('%s is the name of another %s already', quote_literal(p_name), coalesce(v_noun, 'noun')),
      'Choose another name.', jsonb_build_object('name', p_name, 'noun', v_noun));
  end if;
  return true;
end
$$;
comment on function core.take_name is 'Takes a name for a noun. PT409 where another noun has it.';

-- Lets the caller pass or raises PT403. A member may touch its own project, with the scopes of its claims;
-- service_role and the owner connection may act for any. Claims bind even on an owner connection: that is how the
-- control plane acts for a key. Anything else is refused.
-- A project is looked up, not spelled: claims for a name that is no registered project reach nothing (PT404), so that
-- they cannot pass for an account of that name. p_is_new: the call registers it. The claim `root`, which the control
-- plane sets for the owner alone, binds to an account outside every project instead.
create function core.authorize(p_scope text, p_project text, p_is_new boolean default false) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_role text := nullif(current_setting('role', true), 'none');
  v_noun text;
  v_is_archived boolean;
begin
  if v_role = 'core_member' or v_claims ->> 'role' = 'core_member' then
    if p_project is null or v_claims ->> 'project' is distinct from p_project then
      perform core.refuse_foreign(v_claims ->> 'project', p_project);
    end if;
    if not coalesce(v_claims -> 'caps' ? p_scope, false) then
      perform core.refuse('PT403', 'forbidden_capability',
        format('this credential lacks the scope %s', p_scope),
        format('Ask the owner for a key with %s.', p_scope),
        jsonb_build_object('scope', p_scope, 'capability', p_scope));
    end if;
    select noun, is_archived into v_noun, v_is_archived from core.root_name where name = p_project;
    if v_is_archived and p_scope not like '%:read' then
      perform core.refuse('PT409', 'project_archived', format('the project %s is archived', quote_literal(p_project)),
        'The owner can restore it.');
    end if;
    if not p_is_new and coalesce((v_claims -> 'root')::boolean, false) = (v_noun is not distinct from 'project') then
      perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
        'Register the project first. What lies outside every project is the owner''s.');
    end if;
  elsif v_role = 'service_role' or pg_catalog.pg_has_role(coalesce(v_role, session_user::text), current_user, 'usage') then
    return true;
  else
    perform core.refuse('PT403', 'forbidden_role',
      format('the database role %s may not call Core', coalesce(v_role, session_user::text)),
      'Connect as the owner, as service_role, or with a JWT whose role is core_member.');
  end if;
  return true;
end
$$;
comment on function core.authorize is 'Every function of core_api calls this first: scope and project against the caller''s claims.';

-- The project a call is for: the named one, or the caller's own.
create function core.enter(p_scope text, p_project text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(p_project, nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'project');
  v_ok boolean;
begin
  if v_project is null then perform core.refuse_no_project(); end if;
  v_ok := core.authorize(p_scope, v_project);
  return v_project;
end
$$;
comment on function core.enter is 'Authorises a call for a project, by default the caller''s own, and returns its name. PT400 without one.';

create function core.refuse_no_project() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT400', 'invalid_project', 'project is missing, and this credential belongs to none',
    'Name the project.', jsonb_build_object('field', 'project'));
end
$$;
comment on function core.refuse_no_project is 'Raises PT400: the call names no project, and the credential belongs to none.';

create function core.refuse_foreign(p_own text, p_project text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT403', 'forbidden_project',
    format('this credential belongs to project %s and cannot act for %s', coalesce(p_own, '(none)'), coalesce(p_project, 'the whole system')),
    'Use a credential of that project, or the owner''s.');
end
$$;
comment on function core.refuse_foreign is 'Raises PT403: the credential belongs to another project.';

-- Time-ordered ids keep index inserts at the right edge of the tree: uuid v7 doubled batch throughput against v4.
-- Postgres 18 makes them itself; older servers get the same layout (RFC 9562) from a v4 with its head overlaid. Many are
-- made in one call, because a call costs more than an id.
do $$
declare
  v_id text := 'pg_catalog.uuidv7()';
begin
  if not exists (select from pg_catalog.pg_proc where proname = 'uuidv7' and pronamespace = 'pg_catalog'::regnamespace) then
    v_id := $id$
      encode(
        set_bit(set_bit(
          overlay(uuid_send(gen_random_uuid())
            placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
          52, 1), 53, 1), 'hex')::uuid$id$;
  end if;
  execute format('create function core.new_id() returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp as %L',
    format('begin return %s; end', v_id)); -- as a query it would cost ten times as much
  execute format('create function core.new_ids(p_count int) returns uuid[] language sql volatile set search_path = pg_catalog, pg_temp as %L',
    format('select array(select %s from generate_series(1, p_count))', v_id));
end
$$;
comment on function core.new_id is 'A new uuid v7.';
comment on function core.new_ids is 'So many new uuids v7, in order.';

-- supabase/schemas/00_core/25_arguments.sql

-- What an argument may be: the steps that refuse any other, for functions of every noun.

create function core.require_key(p_key text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_key is null or length(p_key) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_key', 'p_key must be a text of 1 to 200 characters',
      'Send one key per intended effect, for example a uuid v7, and the same key again on a retry.',
      jsonb_build_object('field', 'key'));
  end if;
  return true;
end
$$;
comment on function core.require_key is 'Raises PT400 unless the idempotency key is 1 to 200 characters.';

create function core.is_too_deep(p_value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select pg_column_size(p_value) > 256 and jsonb_path_exists(p_value, '$.**{33 to last}')
$$;
comment on function core.is_too_deep is 'Whether a value is nested more than 32 levels deep, which a small one cannot be.';

-- The first number in a JSON value that readers of JSON take for another one: beyond 2^53 - 1, or a fraction that is read as
-- an integer. jsonb keeps it as it was written, but no program gets it back. Each such number has 16 digits or more.
create function core.inexact_place(p_field text, p_value jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  with recursive place as (
    select p_field as path, p_value as value
    union all
    select p.path || step.name, step.value
    from place p cross join lateral (
      select '.' || o.key as name, o.value from jsonb_each(case jsonb_typeof(p.value) when 'object' then p.value else '{}' end) o
      union all
      select format('[%s]', l.ordinal - 1), l.value
      from jsonb_array_elements(case jsonb_typeof(p.value) when 'array' then p.value else '[]' end) with ordinality as l (value, ordinal)
    ) step
  ), number as (
    select path, (value #>> '{}')::numeric as n from place where jsonb_typeof(value) = 'number'
  )
  select left(path, 200) from number
  where case
    when abs(n) > 9007199254740991 then true
    when n = trunc(n) then false
    when abs(n) < 2.5e-324 then true
    else trunc(n::double precision) = n::double precision
  end
  limit 1
$$;
comment on function core.inexact_place is 'The place of the first number that is another one when JSON is read, or null.';

create function core.is_exact(p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- The text first, which takes a third of the time.
  return p_value is null
    or p_value::text !~ '[0-9.]{16}'
    or not jsonb_path_exists(p_value, '$.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991 || @ != @.floor()))')
    or core.inexact_place('', p_value) is null;
end
$$;
comment on function core.is_exact is 'Whether every number in a JSON value is the one that readers of JSON get.';

-- Every function that takes JSON calls this for it, itself or through core.require_object and the like; a test asks each.
create function core.require_exact(p_field text, p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_place text;
begin
  if not core.is_exact(p_value) then
    v_place := core.inexact_place(p_field, p_value);
    perform core.refuse('PT400', 'unstorable', format('%s is not a finite number that JSON holds exactly: at most 2^53 - 1, with at most 15 digits',
      v_place), 'Write it as text where it is not an amount.', jsonb_build_object('field', p_field, 'place', v_place));
  end if;
  return true;
end
$$;
comment on function core.require_exact is 'Raises PT400 that names the place of a number which JSON does not hold exactly.';

create function core.require_object(p_field text, p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or jsonb_typeof(p_value) <> 'object' then
    perform core.refuse('PT400', 'invalid_object', format('%s must be a JSON object', p_field),
      format('Send %s as an object, {} when empty.', p_field), jsonb_build_object('field', p_field));
  -- The pattern of core.is_exact once more: the call alone costs as much.
  elsif p_value <> '{}' and jsonb_path_exists(p_value, '$.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991 || @ != @.floor()))') and not core.is_exact(p_value) then
    perform core.require_exact(p_field, p_value);
  elsif pg_column_size(p_value) > 16384 then
    perform core.refuse('PT413', 'object_too_large', format('%s is larger than 16 KB', p_field),
      'Keep large facts in your own tables and put their id here.', jsonb_build_object('field', p_field, 'max_bytes', 16384));
  elsif pg_column_size(p_value) > 256 and core.is_too_deep(p_value) then
    perform core.refuse('PT400', 'object_too_deep', format('%s is nested more than 32 levels deep', p_field),
      'Send a flatter object.', jsonb_build_object('field', p_field, 'max_depth', 32));
  end if;
  return true;
end
$$;
comment on function core.require_object is 'Raises PT400 unless the value is a JSON object, PT413 above 16 KB.';

create function core.require_page(p_limit int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_limit is null or p_limit not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_limit', format('limit must be 1 to 1000, got %s', coalesce(p_limit::text, 'null')),
      'Read page by page with the cursor that each answer returns.', jsonb_build_object('field', 'limit'));
  end if;
  return true;
end
$$;
comment on function core.require_page is 'Raises PT400 unless a page size is 1 to 1,000.';

-- One rule for the names of things and for the segments of paths: every URL client drops a segment . or .. however it is
-- written, so that REST could not reach what is named so, and a call for it would reach something else.
create function core.require_reachable(p_field text, variadic p_names text[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_names && '{.,..}' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must not be . or .., which URLs drop', p_field), 'Use another name.',
      jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.require_reachable is 'Raises PT400 for names that a URL cannot carry: . and ...';

-- A short name of a state, the same for the same state: what an edit can be made conditional on.
create function core.etag(p_state jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select left(encode(sha256(convert_to(p_state::text, 'UTF8')), 'hex'), 32)
$$;
comment on function core.etag is 'The first 128 bits of the SHA-256 of a state, in hexadecimal.';

-- Lets an edit pass only in the state its caller has seen. Called under the lock of what is edited, so that of two edits
-- of one state the second is refused. p_if_match null asks for nothing, {} for what is not there yet, {*} for anything
-- that is there. p_etag null: there is nothing.
create function core.require_match(p_if_match text[], p_etag text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_if_match is null or p_etag = any (p_if_match) or p_etag is not null and '*' = any (p_if_match)
    or p_etag is null and cardinality(p_if_match) = 0 then
    return true;
  end if;
  perform core.refuse('PT412', 'precondition_failed',
    case when p_etag is null then 'it does not exist' when cardinality(p_if_match) = 0 then 'it exists already' else 'it was changed meanwhile' end,
    'Read it again, decide again, and send the etag that was read.', jsonb_build_object('etag', p_etag));
  return false;
end
$$;
comment on function core.require_match is 'Raises PT412 unless the state is one of those the caller named.';

-- supabase/schemas/00_core/30_scope.sql

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

-- supabase/schemas/00_core/40_event.sql

-- The outbox: facts that others want to hear of, written in the transaction that made them true. Realtime replays it.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('event:read', 'Receive events; each topic needs its own scope as well', '{viewer,operator,admin,owner}', true, null);

create table core.event (
  id bigint generated always as identity constraint event_pkey primary key,
  seq bigint constraint event_seq_key unique,
  topic text collate "C" not null,
  project text collate "C",
  type text not null,
  data jsonb not null,
  at timestamptz not null default clock_timestamp(),
  state_key text collate "C"
);
comment on table core.event is 'The outbox. seq is given after commit, in the order in which events became visible: a reader''s cursor misses nothing.';
comment on column core.event.project is 'Whose event it is; null concerns everybody who may read the topic.';
comment on column core.event.state_key is 'Of events that carry a state: the thing whose state it is. Only the newest is kept, under a new seq.';
create unique index event_state_key on core.event (topic, state_key) where state_key is not null;
create index event_fresh_idx on core.event (id) where seq is null;
create index event_age_idx on core.event (at);
create index event_topic_idx on core.event (topic, project, seq);
create index event_project_idx on core.event (project, seq);
create index event_common_idx on core.event (seq) where project is null;

create table core.event_head (
  singleton boolean constraint event_head_pkey primary key default true constraint event_head_one_row check (singleton),
  epoch uuid not null default gen_random_uuid(),
  last_seq bigint not null default 0,
  trimmed_seq bigint not null default 0
);
comment on table core.event_head is 'The last sequence number given. The epoch is new in a new or restored database: cursors of another one are void.';
comment on column core.event_head.trimmed_seq is 'Events up to this one may have been forgotten. Those missing above it were replaced by newer states.';
insert into core.event_head default values;

-- Appends an event. The hint wakes readers; the row is the truth. For rare events only: a notification inside the
-- transaction serialises commits, which would halve the throughput of a hot path.
create function core.emit(p_topic text, p_project text, p_type text, p_data jsonb) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.event (topic, project, type, data) values (p_topic, p_project, p_type, p_data);
  perform pg_notify('core_event', p_topic);
  return true;
end
$$;
comment on function core.emit is 'Appends an event to the outbox in the caller''s transaction and hints at it.';

-- Numbers what has become visible. One caller at a time does it; the others do not wait, unless p_wait: who asks for the
-- end must not get one that events committed before are still to pass. Locks: the head.
create function core.event_number(p_limit int, p_wait boolean default false) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_last bigint;
begin
  if not exists (select from core.event where seq is null) then return false; end if;
  if p_wait then
    select last_seq into v_last from core.event_head for no key update;
  else
    select last_seq into v_last from core.event_head for no key update skip locked;
    if not found then return false; end if;
  end if;
  with fresh as (
    select id, v_last + row_number() over (order by id) as seq
    from (select id from core.event where seq is null order by id limit p_limit) f
  ), numbered as (
    update core.event e set seq = f.seq from fresh f where e.id = f.id returning e.seq
  )
  update core.event_head set last_seq = (select coalesce(max(seq), v_last) from numbered);
  return true;
end
$$;
comment on function core.event_number is 'Gives sequence numbers to committed events, in order.';

-- The scope of the topic itself, or of the nearest topic above it.
create function core.event_scope(p_topic text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((
    select name from core.scope where p_topic = topic or starts_with(p_topic, topic || '.') order by length(topic) desc limit 1
  ), 'event:read')
$$;
comment on function core.event_scope is 'The scope that the events of a topic need beside event:read.';

-- Events after a cursor, oldest first: all of them, or those that a member of the project sees with its scopes.
create function core.event_page(p_member text, p_caps jsonb, p_after bigint, p_limit int, p_topics text[]) returns setof core.event
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  if p_member is null then
    return query select * from core.event where seq > p_after and (p_topics is null or topic = any (p_topics)) order by seq limit p_limit;
  else
    return query select * from (
      (select * from core.event where project = p_member and seq > p_after and (p_topics is null or topic = any (p_topics))
        and p_caps ? core.event_scope(topic) order by seq limit p_limit)
      union all
      (select * from core.event where project is null and seq > p_after and (p_topics is null or topic = any (p_topics))
        and p_caps ? core.event_scope(topic) order by seq limit p_limit)) e order by seq limit p_limit;
  end if;
end
$$;
comment on function core.event_page is 'A page of events. What other projects have is not read for a member.';

-- Events after a cursor, oldest first. p_after -1 only answers where the end is. A member sees its project's and common
-- ones, of the topics its scopes open.
create function core_api.event_poll(p_after bigint, p_limit int default 100, p_topics text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  v_caps jsonb := coalesce(core.claims() -> 'caps', '[]');
  v_head core.event_head;
  v_rows jsonb := '[]';
  v_ok boolean;
begin
  v_ok := core.authorize('event:read', v_member);
  v_ok := core.require_page(p_limit);
  v_ok := core.event_number(10000, p_after = -1);
  select * into v_head from core.event_head;
  if p_after is null or p_after < -1 then
    perform core.refuse('PT400', 'invalid_cursor', 'after must be a sequence number, 0 for the beginning or -1 for the end', null,
      jsonb_build_object('field', 'after'));
  elsif p_after >= 0 then
    select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'topic', e.topic, 'project', e.project, 'type', e.type,
      'data', e.data, 'at', e.at, 'state_key', e.state_key) order by e.seq), '[]') into v_rows
    from core.event_page(v_member, v_caps, p_after, p_limit, p_topics) e;
  end if;
  return jsonb_build_object('ok', true, 'epoch', v_head.epoch, 'head', v_head.last_seq, 'events', v_rows,
    'oldest', v_head.trimmed_seq + 1);
end
$$;
comment on function core_api.event_poll is 'Events after a sequence number, oldest first, with the epoch, the end and the oldest one kept.';
revoke execute on function core_api.event_poll from public;
grant execute on function core_api.event_poll to core_member, service_role;

-- Deletes events older than p_keep. Readers that were away longer see it by `oldest` and resync.
create function core_api.event_trim(p_keep interval default '7 days', p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
  v_last bigint;
begin
  v_ok := core.authorize('event:operate', null);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  elsif p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', 'Call again while trimmed is not 0.', jsonb_build_object('field', 'limit'));
  end if;
  with old as (
    select id from core.event where seq is not null and at < (select clock_timestamp() - p_keep) order by seq limit p_limit
  ), gone as (
    delete from core.event e using old where e.id = old.id returning e.seq
  )
  select count(*), max(seq) into v_count, v_last from gone;
  update core.event_head set trimmed_seq = v_last where trimmed_seq < v_last;
  return jsonb_build_object('ok', true, 'trimmed', v_count);
end
$$;
comment on function core_api.event_trim is 'Deletes numbered events older than an interval, at most p_limit.';
revoke execute on function core_api.event_trim from public;
grant execute on function core_api.event_trim to service_role;

-- supabase/schemas/00_core/45_xid.sql

-- Transaction numbers that survive a copy. Postgres counts transactions per cluster, but the data moves: restored into a
-- fresh cluster, new rows would get numbers inside ranges that were sealed and published. So every stored number and every
-- cursor over one is the cluster's number plus a base, and restore_finish raises the base once after a copy.

-- Which database of which cluster this is.
create function core.xid_home() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select system_identifier || '/' || (select oid from pg_database where datname = current_database()) from pg_control_system()
$$;
comment on function core.xid_home is 'The cluster and the database of this connection.';

create table core.xid_head (
  singleton boolean constraint xid_head_pkey primary key default true constraint xid_head_one_row check (singleton),
  base bigint not null default 0 constraint xid_head_base_positive check (base >= 0),
  home text not null default core.xid_home()
);
comment on table core.xid_head is 'What is added to the transaction numbers of this cluster, and the database for which restore_finish last ran.';
insert into core.xid_head default values;

create table core.xid_source (
  relation text collate "C" not null,
  attribute text collate "C" not null,
  is_bound boolean not null,
  constraint xid_source_pkey primary key (relation, attribute)
);
comment on table core.xid_source is 'The columns that hold transaction numbers. A noun inserts its own.';
comment on column core.xid_source.is_bound is 'Whether the number itself is not taken: it is the first one after a range.';

create function core.xid_base() returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select base from core.xid_head
$$;
comment on function core.xid_base is 'What is added to the transaction numbers of this cluster.';

create function core.xid() returns xid8
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select (pg_current_xact_id()::text::bigint + core.xid_base())::text::xid8
$$;
comment on function core.xid is 'The number of this transaction.';

create function core.final_xid() returns xid8
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + core.xid_base())::text::xid8
$$;
comment on function core.final_xid is 'Every transaction with a smaller number has ended: no row with such a number can appear any more.';

-- The number that the next transaction gets: every stored number is smaller. Its own, where the snapshot is older.
create function core.next_xid() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    coalesce(pg_current_xact_id_if_assigned()::text::bigint + 1, 0)) + core.xid_base()
$$;
comment on function core.next_xid is 'The number that no transaction has had yet.';

create function core.refuse_unfinished(p_stored bigint, p_next bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT409', 'restore_unfinished',
    format('the database holds transaction number %s, but this server has only reached %s: the data was copied here', p_stored, p_next),
    'Run `select core_api.restore_finish()` once as the owner of the database.',
    jsonb_build_object('stored', p_stored, 'next', p_next));
end
$$;
comment on function core.refuse_unfinished is 'Raises PT409: restore_finish has to run first.';

-- p_last: the greatest number among the rows that the caller adds to. It is greater than this transaction's own only
-- where others ran beside it, or where the data came from another cluster. p_base: that of core.xid_head, which the caller's
-- statement reads.
create function core.xid_after(p_last xid8, p_base bigint) returns xid8
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_xid xid8 := pg_current_xact_id();
begin
  -- core.xid() written out: this is on the path of every posting, and a function inside costs as much as the rest.
  if p_base > 0 then v_xid := (v_xid::text::bigint + p_base)::text::xid8; end if;
  if p_last > v_xid and p_last::text::bigint >= core.next_xid() then
    perform core.refuse_unfinished(p_last::text::bigint, core.next_xid());
  end if;
  return v_xid;
end
$$;
comment on function core.xid_after is 'The number of this transaction; PT409 where a stored number is beyond those of this server.';

create function core.stored_xid() returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_source core.xid_source;
  v_found bigint;
  v_greatest bigint := 0;
begin
  for v_source in select * from core.xid_source order by relation, attribute loop
    execute format('select %I::text::bigint from %s order by %1$I desc limit 1', v_source.attribute, v_source.relation::regclass) into v_found;
    v_greatest := greatest(v_greatest, v_found - v_source.is_bound::int);
  end loop;
  return v_greatest;
end
$$;
comment on function core.stored_xid is 'The greatest transaction number in any table; 0 where there is none.';

-- Asked at the start of a control plane and by the doctor.
create function core_api.restore_status() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_stored bigint;
  v_next bigint;
begin
  perform core.authorize('system:operate', null);
  v_stored := core.stored_xid();
  v_next := core.next_xid();
  return jsonb_build_object('ok', true, 'finished', v_stored < v_next, 'stored', v_stored, 'next', v_next);
end
$$;
comment on function core_api.restore_status is 'Whether restore_finish has to run, because the data was copied from another cluster. Owner only.';
revoke execute on function core_api.restore_status from public;
grant execute on function core_api.restore_status to service_role;

-- Run once after the data was copied to another cluster (dump and restore, embedded to server). Raises the base, so that
-- every new number is greater than every stored one, and gives the event log a new epoch, so that readers read it again.
-- Idempotent. Locks: the base.
create function core_api.restore_finish() returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_head core.xid_head;
  v_stored bigint;
  v_base bigint;
begin
  perform core.authorize('system:operate', null);
  select * into v_head from core.xid_head for no key update;
  v_stored := core.stored_xid();
  v_base := v_head.base;
  if v_stored >= core.next_xid() then
    -- Beyond it for the calls that are running now, too.
    v_base := v_stored + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  elsif v_head.home = core.xid_home() then
    return jsonb_build_object('ok', true, 'changed', false, 'base', v_base);
  end if;
  update core.xid_head set base = v_base, home = core.xid_home();
  update core.event_head set epoch = gen_random_uuid();
  perform core.audit('system.restore', 'database', null, to_jsonb(v_head), jsonb_build_object('base', v_base, 'home', core.xid_home()));
  return jsonb_build_object('ok', true, 'changed', true, 'base', v_base);
end
$$;
comment on function core_api.restore_finish is 'Continues the transaction numbers after the data was copied to another cluster. Idempotent. Owner only.';
revoke execute on function core_api.restore_finish from public;
grant execute on function core_api.restore_finish to service_role;

-- supabase/schemas/00_core/50_answer.sql

-- First answers, for requests whose effect leaves no row from which they could be rebuilt.

create table core.kept_answer (
  scope text collate "C" not null,
  key text collate "C" not null,
  request jsonb not null,
  answer jsonb not null,
  at timestamptz not null default clock_timestamp(),
  constraint kept_answer_pkey primary key (scope, key)
);
comment on table core.kept_answer is 'The answers of requests that create something, by idempotency key. Never deleted: there are few.';
comment on column core.kept_answer.scope is 'The project whose keys these are; empty for those that make projects.';

-- Locks: the key, so that a concurrent call with the same key waits for the answer.
create function core.first_answer(p_scope text, p_key text, p_request jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.kept_answer;
begin
  perform core.require_key(p_key);
  perform pg_advisory_xact_lock(hashtextextended(format('kept_answer:%s:%s', p_scope, p_key), 0));
  select * into v_row from core.kept_answer where scope = p_scope and key = p_key;
  if v_row.key is null then return null; end if;
  if v_row.request <> p_request then
    perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key was used for another request',
      'Use a new idempotency key for a new effect.',
      jsonb_build_object('fields', (
        select jsonb_agg(field order by field) from jsonb_object_keys(v_row.request || p_request) field
        where v_row.request -> field is distinct from p_request -> field)));
  end if;
  return v_row.answer || '{"replayed": true}';
end
$$;
comment on function core.first_answer is 'What this request was answered before; null for a new key. Raises PT422 where the key meant something else.';

create function core.keep_answer(p_scope text, p_key text, p_request jsonb, p_answer jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.kept_answer (scope, key, request, answer) values (p_scope, p_key, p_request, p_answer);
  return p_answer || '{"replayed": false}';
end
$$;
comment on function core.keep_answer is 'Keeps an answer under its key and gives it back. Only after first_answer.';

-- supabase/schemas/00_core/60_audit.sql

-- The audit log: who changed what, when, from what to what, and by which request, written in the transaction that
-- changed it. What the ledger journals is on record there with its actor; only what its rows do not hold (what an
-- account or budget was before) has an entry here as well, under the number of its journal row.

-- Numbers the rows of every journal, so that the audit log and the journals of nouns are one list in one order.
create sequence core.journal_id;

create table core.audit (
  id bigint constraint audit_pkey primary key,
  project text collate "C",
  actor text not null,
  action text not null constraint audit_action_form check (action ~ '^[a-z]+\.[a-z_]+$'),
  resource text collate "C" not null,
  request_id text,
  before jsonb,
  after jsonb,
  at timestamptz not null default clock_timestamp(),
  constraint audit_keeps_no_secret
    check (not coalesce(before, '{}') ?| '{hash,secret,token,password}' and not coalesce(after, '{}') ?| '{hash,secret,token,password}')
);
comment on table core.audit is 'Every administrative change: actor, action, resource, before, after, request. Append-only.';
comment on column core.audit.id is 'From core.journal_id, as the rows of the ledger''s journal are: both are one list in one order.';
comment on column core.audit.project is 'Whose change it is; null concerns the whole system.';
comment on column core.audit.resource is 'kind:name, such as key:019ab2c4-…, flag:router.order, account:smart_layer/agent-7.';
create index audit_project_idx on core.audit (project, id);
create index audit_resource_idx on core.audit (resource, id);
revoke all on core.audit from public;

create function core.audit_refuse_rewrite() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT403', 'append_only', 'the audit log is append-only', 'What was done stays on record; undo it by doing the contrary.');
  return null;
end
$$;
comment on function core.audit_refuse_rewrite is 'Trigger: the audit log refuses UPDATE, DELETE and TRUNCATE, whatever the role.';
create trigger audit_append_only before update or delete or truncate on core.audit
  for each statement execute function core.audit_refuse_rewrite();

-- Records one change, last in the transaction that makes it: where it is denied or rolled back there is no entry, and
-- a replay, which changes nothing, must not call this. p_id: the number of the journal row that records the same act.
create function core.audit(p_action text, p_resource text, p_project text, p_before jsonb, p_after jsonb, p_id bigint default null)
returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_id bigint := coalesce(p_id, nextval('core.journal_id'));
begin
  insert into core.audit (id, project, actor, action, resource, request_id, before, after)
  values (v_id, p_project, core.actor(), p_action, p_resource, core.request_id(), p_before, p_after);
  return v_id;
end
$$;
comment on function core.audit is 'Writes the audit entry of a change in the caller''s transaction. Never hand it a key, a hash or another secret.';

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
