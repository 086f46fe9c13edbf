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
