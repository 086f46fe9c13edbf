-- One project, read and changed; registering one is project_register's.

create function core_api.project_get(p_name text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_row core.project;
begin
  perform core.authorize('project:read', p_name);
  select * into v_row from core.project where name = p_name;
  if v_row.name is null then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'List the projects.');
  end if;
  return jsonb_build_object('ok', true) || core.project_view(v_row);
end
$$;
comment on function core_api.project_get is 'A registered project. PT404 where there is none.';
revoke execute on function core_api.project_get from public;
grant execute on function core_api.project_get to core_member, service_role;

-- Changes what a project says of itself; unlike project_register it makes none. Null keeps what is stored. Idempotent.
create function core_api.project_update(
  p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null, p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform core.authorize('project:write', p_name);
  if not exists (select from core.project where name = p_name) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'Register the project first.');
  end if;
  return core_api.project_register(p_name, p_version, p_capabilities, p_endpoints, p_metadata, p_if_match);
end
$$;
comment on function core_api.project_update is 'Changes what a registered project says of itself. PT404 where there is none.';
revoke execute on function core_api.project_update from public;
grant execute on function core_api.project_update to core_member, service_role;
