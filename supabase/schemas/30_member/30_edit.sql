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
