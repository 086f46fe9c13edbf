-- Generated from supabase/schemas/30_member by `npm run generate`. Do not edit.

-- supabase/schemas/30_member/10_storage.sql

-- People. An issuer of tokens says who somebody is (`user:<sub>`); this says what that person may do in which project.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('member:read', 'Read the members of the project', '{viewer,operator,admin,owner}', false, 'member'),
  ('member:write', 'Add, update and remove members', '{admin,owner}', false, null);

create function core.role_scopes(p_role text) returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select array_agg(name order by name collate "C") from core.scope where p_role = any (roles)
$$;
comment on function core.role_scopes is 'The scopes of viewer, operator, admin or owner in its project; null for anything else.';

create table core.member (
  project text collate "C" not null constraint member_project_fkey references core.project (name),
  subject text collate "C" not null constraint member_subject_form check (subject ~ '^user:[!-~]{1,255}$'),
  role text not null constraint member_role_known check (role in ('viewer', 'operator', 'admin', 'owner')),
  name text constraint member_name_length check (length(name) between 1 and 100),
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_by text not null,
  updated_at timestamptz not null default clock_timestamp(),
  constraint member_pkey primary key (project, subject)
);
comment on table core.member is 'Who may act for a project, and as what.';
comment on column core.member.subject is 'user: and the sub of the configured issuer. Another issuer''s subjects are other people.';
comment on column core.member.name is 'For people who read the list; decides nothing.';
create index member_by_subject on core.member (subject);

create function core.member_view(p_row core.member) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'project', p_row.project, 'subject', p_row.subject, 'role', p_row.role, 'name', p_row.name,
    'created_by', p_row.created_by, 'created_at', p_row.created_at,
    'updated_by', p_row.updated_by, 'updated_at', p_row.updated_at,
    'etag', core.etag(jsonb_build_object('role', p_row.role, 'name', p_row.name, 'updated_at', extract(epoch from p_row.updated_at))))
$$;
comment on function core.member_view is 'A member as the API shows it.';

-- Notifies every process that caches a person's roles.
create function core.member_emit(p_type text, p_row core.member) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_catalog.pg_notify('core_member', p_row.subject);
  return core.emit('member', p_row.project, p_type, core.member_view(p_row));
end
$$;
comment on function core.member_emit is 'Writes a change of a member to the outbox (set, removed) and hints at the subject.';

-- The row of a member, or one of nulls. Locks the project against other changes of its members, so that two owners
-- cannot remove each other at the same moment.
create function core.member_lock(p_project text, p_subject text) returns core.member
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.member;
begin
  if p_subject is null or p_subject !~ '^user:[!-~]{1,255}$' then
    perform core.refuse('PT400', 'invalid_subject', 'a subject is user: and the sub of a token, 1 to 255 printable characters',
      'GET /v1/me shows the subject of a token.', jsonb_build_object('field', 'subject'));
  end if;
  perform from core.project where name = p_project for no key update;
  if not found then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_project), 'null')),
      'Register the project first.');
  end if;
  select * into v_row from core.member where project = p_project and subject = p_subject;
  return v_row;
end
$$;
comment on function core.member_lock is 'A member''s row, with the project locked against other changes of members. PT400, PT404.';

-- A caller can neither give nor take a role that may do more than the caller.
create function core.require_own_role(p_role text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_excess text[];
begin
  if v_member is null then return; end if;
  select array_agg(c order by c) into v_excess
  from unnest(core.role_scopes(p_role)) c where not coalesce(v_member -> 'caps' ? c, false);
  if v_excess is not null then
    perform core.refuse('PT403', 'role_exceeds_own',
      format('this credential cannot decide about the role %s: it lacks %s', p_role, array_to_string(v_excess, ', ')),
      'Ask somebody with that role.', jsonb_build_object('role', p_role, 'caps', to_jsonb(v_excess)));
  end if;
end
$$;
comment on function core.require_own_role is 'Raises PT403 where a role may do what the caller may not.';

-- A project that has had an owner always has one who answers for it.
create function core.require_other_owner(p_project text, p_subject text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.member where project = p_project and role = 'owner' and subject <> p_subject) then
    perform core.refuse('PT409', 'last_owner', format('%s is the last owner of %s', p_subject, p_project),
      'Make somebody else an owner first.');
  end if;
end
$$;
comment on function core.require_other_owner is 'Raises PT409 where the project has no other owner. Only under the lock of member_lock.';

create function core.refuse_stranger(p_project text, p_subject text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', 'member_not_found', format('%s is no member of %s', p_subject, p_project), 'List the members.');
end
$$;
comment on function core.refuse_stranger is 'Raises PT404 for a person who is no member.';

-- supabase/schemas/30_member/20_change.sql

-- Who belongs to a project, and what the control plane asks about a person.

-- Lets a person in, or changes the role. Idempotent by subject; p_name null keeps what is stored. p_if_match: only in a
-- state the caller has seen. Locks: the project.
create function core_api.member_set(p_project text, p_subject text, p_role text, p_name text default null,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_old core.member;
  v_row core.member;
begin
  perform core.authorize('member:write', p_project);
  if p_role is null or core.role_scopes(p_role) is null then
    perform core.refuse('PT400', 'invalid_role', 'a role is viewer, operator, admin or owner',
      'Choose the least that is enough.', jsonb_build_object('field', 'role'));
  end if;
  if length(p_name) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_name', 'a name has 1 to 100 characters', 'Leave it out, or use what people know the person by.',
      jsonb_build_object('field', 'name'));
  end if;
  v_old := core.member_lock(p_project, p_subject);
  perform core.require_own_role(p_role);
  perform core.require_match(p_if_match, case when v_old.subject is not null then core.member_view(v_old) ->> 'etag' end);
  if v_old.subject is not null then perform core.require_own_role(v_old.role); end if;
  if v_old.role = 'owner' and p_role <> 'owner' then perform core.require_other_owner(p_project, p_subject); end if;
  if v_old.role = p_role and coalesce(p_name = v_old.name, p_name is null) then
    return jsonb_build_object('ok', true) || core.member_view(v_old);
  end if;
  if v_old.subject is null and 1000 <= (select count(*) from core.member where project = p_project) then
    perform core.refuse('PT409', 'too_many_members', 'a project can have 1000 members', 'Remove those who have left.',
      jsonb_build_object('max', 1000));
  end if;

  insert into core.member as m (project, subject, role, name, created_by, updated_by)
  values (p_project, p_subject, p_role, p_name, core.actor(), core.actor())
  on conflict on constraint member_pkey do update set
    role = excluded.role,
    name = coalesce(excluded.name, m.name),
    updated_by = excluded.updated_by,
    updated_at = clock_timestamp()
  returning * into v_row;
  perform core.member_emit('set', v_row);
  perform core.audit('member.set', 'member:' || p_subject, p_project,
    case when v_old.subject is not null then core.member_view(v_old) end, core.member_view(v_row));
  return jsonb_build_object('ok', true) || core.member_view(v_row);
end
$$;
comment on function core_api.member_set is 'Lets a person in or changes the role. Idempotent by subject. Grants at most what the caller has; the last owner stays.';
revoke execute on function core_api.member_set from public;
grant execute on function core_api.member_set to core_member, service_role;

-- Shows a person out, at once. Locks: the project.
create function core_api.member_remove(p_project text, p_subject text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.member;
begin
  perform core.authorize('member:write', p_project);
  v_row := core.member_lock(p_project, p_subject);
  if v_row.subject is null then perform core.refuse_stranger(p_project, p_subject); end if;
  perform core.require_own_role(v_row.role);
  if v_row.role = 'owner' then perform core.require_other_owner(p_project, p_subject); end if;
  delete from core.member where project = p_project and subject = p_subject;
  perform core.member_emit('removed', v_row);
  perform core.audit('member.remove', 'member:' || p_subject, p_project, core.member_view(v_row), null);
  return jsonb_build_object('ok', true) || core.member_view(v_row);
end
$$;
comment on function core_api.member_remove is 'Ends a membership at once. PT404 where there is none; the last owner stays.';
revoke execute on function core_api.member_remove from public;
grant execute on function core_api.member_remove to core_member, service_role;

-- The members of a project, by subject.
create function core_api.member_list(p_project text, p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_rows jsonb;
begin
  perform core.authorize('member:read', p_project);
  perform core.require_page(p_limit);
  select coalesce(jsonb_agg(core.member_view(m) order by m.subject collate "C"), '[]') into v_rows
  from (
    select * from core.member
    where project = p_project and (p_after is null or subject collate "C" > p_after)
    order by subject collate "C" limit p_limit
  ) m;
  return jsonb_build_object('ok', true, 'members', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'subject' end);
end
$$;
comment on function core_api.member_list is 'The members of a project, in the order of their subjects.';
revoke execute on function core_api.member_list from public;
grant execute on function core_api.member_list to core_member, service_role;

-- A person's roles in all projects. Asked by the control plane with its own rights, never by a member.
create function core_api.member_roles(p_subject text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows jsonb;
begin
  perform core.authorize('member:read', null);
  select coalesce(jsonb_agg(jsonb_build_object('project', m.project, 'role', m.role) order by m.project), '[]') into v_rows
  from core.member m where m.subject = p_subject;
  return jsonb_build_object('ok', true, 'roles', v_rows);
end
$$;
comment on function core_api.member_roles is 'The roles of a person, by project. Owner only.';
revoke execute on function core_api.member_roles from public;
grant execute on function core_api.member_roles to service_role;

-- supabase/schemas/30_member/30_edit.sql

-- One member: read, added where there is none, changed where there is one. member_set does either.

create function core_api.member_get(p_project text, p_subject text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.member;
begin
  perform core.authorize('member:read', p_project);
  select * into v_row from core.member where project = p_project and subject = p_subject;
  if v_row.subject is null then perform core.refuse_stranger(p_project, p_subject); end if;
  return jsonb_build_object('ok', true) || core.member_view(v_row);
end
$$;
comment on function core_api.member_get is 'A member. PT404 where there is none.';
revoke execute on function core_api.member_get from public;
grant execute on function core_api.member_get to core_member, service_role;

-- Lets a person in who is not in yet. Replays on p_key. Locks: the key, the project.
create function core_api.member_add(p_key text, p_project text, p_subject text, p_role text, p_name text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_request jsonb := jsonb_build_object('op', 'member_add', 'subject', p_subject, 'role', p_role, 'name', p_name);
  v_answer jsonb;
begin
  perform core.authorize('member:write', p_project);
  v_answer := core.first_answer(p_project, p_key, v_request);
  if v_answer is not null then return v_answer; end if;
  begin
    v_answer := core_api.member_set(p_project, p_subject, p_role, p_name, p_if_match => '{}');
  exception when sqlstate 'PT412' then
    perform core.refuse('PT409', 'member_exists', format('%s is a member of %s already', p_subject, p_project), 'Change the role instead.');
  end;
  return core.keep_answer(p_project, p_key, v_request, v_answer);
end
$$;
comment on function core_api.member_add is 'Lets a person in. PT409 where they are in already. Replays on p_key.';
revoke execute on function core_api.member_add from public;
grant execute on function core_api.member_add to core_member, service_role;

-- Changes a member; null keeps what is stored. Idempotent. p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.member_update(p_project text, p_subject text, p_role text default null, p_name text default null,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.member;
begin
  perform core.authorize('member:write', p_project);
  v_row := core.member_lock(p_project, p_subject);
  if v_row.subject is null then perform core.refuse_stranger(p_project, p_subject); end if;
  return core_api.member_set(p_project, p_subject, coalesce(p_role, v_row.role), p_name, p_if_match);
end
$$;
comment on function core_api.member_update is 'Changes the role or the name of a member. PT404 where there is none; the last owner stays.';
revoke execute on function core_api.member_update from public;
grant execute on function core_api.member_update to core_member, service_role;

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
