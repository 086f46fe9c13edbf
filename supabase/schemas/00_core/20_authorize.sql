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
