-- One project: read, made where there is none, changed where there is one. project_register does either.

create function core_api.project_get(p_name text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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

-- Registers a project that is not there yet. Replays on p_key. Locks: the key.
create function core_api.project_create(
  p_key text, p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_request jsonb := jsonb_build_object('op', 'project_create', 'name', p_name, 'version', p_version,
    'capabilities', p_capabilities, 'endpoints', p_endpoints, 'metadata', p_metadata);
  v_answer jsonb;
begin
  perform core.authorize('project:write', p_name, p_is_new => true);
  v_answer := core.first_answer('', p_key, v_request);
  if v_answer is not null then return v_answer; end if;
  begin
    v_answer := core_api.project_register(p_name, p_version, p_capabilities, p_endpoints, p_metadata, p_if_match => '{}');
  exception when sqlstate 'PT412' then
    perform core.refuse('PT409', 'project_exists', format('there is a project %s already', p_name), 'Change it, or choose another name.');
  end;
  return core.keep_answer('', p_key, v_request, v_answer);
end
$$;
comment on function core_api.project_create is 'Registers a sibling project. PT409 where there is one of that name. Replays on p_key.';
revoke execute on function core_api.project_create from public;
grant execute on function core_api.project_create to core_member, service_role;

-- Changes what a project says of itself; unlike project_register it makes none. Null keeps what is stored. Idempotent.
create function core_api.project_update(
  p_name text, p_version text default null, p_capabilities jsonb default null,
  p_endpoints jsonb default null, p_metadata jsonb default null, p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
