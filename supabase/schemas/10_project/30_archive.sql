-- Projects that have ended. Nothing of them is deleted: what they may do is. Other nouns react with triggers on the table.

-- Archives a project: its keys are refused, claims for it read and change nothing else, and its spending is denied. Its
-- books stay. For the owner alone. Idempotent. Locks: the project.
create function core_api.project_archive(p_name text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.project_set_archived(p_name, true);
end
$$;
comment on function core_api.project_archive is 'Archives a project: its keys are refused and its spending denied; everything it has stays. Owner only. Idempotent.';
revoke execute on function core_api.project_archive from public;
grant execute on function core_api.project_archive to core_member, service_role;

-- Undoes project_archive: keys and accounts are as they were before. For the owner alone. Idempotent. Locks: the project.
create function core_api.project_restore(p_name text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.project_set_archived(p_name, false);
end
$$;
comment on function core_api.project_restore is 'Restores an archived project: keys and accounts are as they were. Owner only. Idempotent.';
revoke execute on function core_api.project_restore from public;
grant execute on function core_api.project_restore to core_member, service_role;

create function core.project_set_archived(p_name text, p_archived boolean) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_before core.project;
  v_row core.project;
begin
  if core.member_claims() is not null then
    -- Who may not even read the project learns nothing of it.
    perform core.authorize('project:read', p_name);
    perform core.refuse('PT403', 'owner_only', 'only the owner archives and restores projects', 'Ask the owner.');
  end if;
  perform core.authorize('project:write', p_name);
  select * into v_before from core.project where name = p_name for no key update;
  if v_before.name is null then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(p_name), 'null')),
      'List the projects.');
  end if;
  v_row := v_before;
  if (v_before.archived_at is not null) <> p_archived then
    update core.root_name set is_archived = p_archived where name = p_name;
    update core.project set archived_at = case when p_archived then clock_timestamp() end, updated_at = clock_timestamp()
    where name = p_name returning * into v_row;
    perform core.audit(case when p_archived then 'project.archive' else 'project.restore' end, 'project:' || p_name, p_name,
      core.project_view(v_before), core.project_view(v_row));
  end if;
  return jsonb_build_object('ok', true) || core.project_view(v_row);
end
$$;
comment on function core.project_set_archived is 'core_api.project_archive and project_restore.';
