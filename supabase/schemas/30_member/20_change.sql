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
