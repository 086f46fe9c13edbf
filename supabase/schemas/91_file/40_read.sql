-- What a project reads of its files.

create function core_api.file_get(p_name text, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_file core.file;
begin
  select * into v_file from core.file where project = v_project and name = p_name;
  if v_file.object is null then perform core.file_refuse('file'); end if;
  return jsonb_build_object('ok', true, 'object', v_file.object, 'store', v_file.store) || core.file_view(v_file);
end
$$;
comment on function core_api.file_get is 'A file and where its content is. PT404 where there is none.';
revoke execute on function core_api.file_get from public;
grant execute on function core_api.file_get to core_member, service_role;

-- Files whose names begin with p_prefix, by name, after p_after.
create function core_api.file_list(p_prefix text default '', p_after text default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_rows jsonb;
  v_next text;
begin
  perform core.require_page(p_limit);
  with page as (
    select f as file, f.name, row_number() over (order by f.name collate "C") as place
    from core.file f
    where f.project = v_project and starts_with(f.name, coalesce(p_prefix, '')) and f.name collate "C" >= coalesce(p_prefix, '') collate "C"
      and (p_after is null or f.name collate "C" > p_after collate "C")
    order by f.name collate "C" limit p_limit + 1)
  select coalesce(jsonb_agg(core.file_view(file) order by place) filter (where place <= p_limit), '[]'),
    max(name) filter (where place = p_limit and exists (select from page where place > p_limit))
  into v_rows, v_next from page;
  return jsonb_build_object('ok', true, 'files', v_rows, 'next', v_next);
end
$$;
comment on function core_api.file_list is 'The files of a project, by name.';
revoke execute on function core_api.file_list from public;
grant execute on function core_api.file_list to core_member, service_role;

create function core_api.file_usage(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_space core.file_space;
begin
  select * into v_space from core.file_space where project = v_project;
  if v_space.project is null then v_space := row(v_project, 10737418240, 0, 0, 0)::core.file_space; end if;
  return jsonb_build_object('ok', true) || core.file_space_view(v_space);
end
$$;
comment on function core_api.file_usage is 'What the files of a project take, and its quota.';
revoke execute on function core_api.file_usage from public;
grant execute on function core_api.file_usage to core_member, service_role;
