create function core.require_share(p_kind text, p_name text, p_rights text[]) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_kind core.share_kind;
begin
  select * into v_kind from core.share_kind where name = p_kind;
  if v_kind.name is null then
    perform core.refuse('PT400', 'invalid_kind', format('%s cannot be shared', coalesce(quote_literal(left(p_kind, 100)), 'null')),
      format('Kinds are: %s.', (select string_agg(name, ', ' order by name) from core.share_kind)), jsonb_build_object('field', 'kind'));
  elsif p_name is null or length(p_name) not between 1 and 512 then
    perform core.refuse('PT400', 'invalid_name', 'name must have 1 to 512 characters', 'Write the name of the thing to share.',
      jsonb_build_object('field', 'name'));
  elsif p_rights is null or cardinality(p_rights) = 0 or not coalesce(p_rights <@ v_kind.rights, false) then
    perform core.refuse('PT400', 'invalid_rights', format('rights of a %s are one or more of: %s', p_kind, array_to_string(v_kind.rights, ', ')),
      'Remove the share to take all rights away.', jsonb_build_object('field', 'rights'));
  end if;
  perform core.require_reachable('name', p_name);
end
$$;
comment on function core.require_share is 'Raises PT400 unless such a thing can be shared, with these rights.';

create function core.require_grantee(p_project text, p_grantee text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_grantee is null or p_grantee = p_project then
    perform core.refuse('PT400', 'invalid_grantee', 'grantee must be another project, or * for every project',
      'A project reaches what is its own without a share.', jsonb_build_object('field', 'grantee'));
  elsif p_grantee <> '*' and not exists (select from core.project where name = p_grantee) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_grantee, 100))),
      'Register the project first, or share with *.', jsonb_build_object('field', 'grantee'));
  end if;
end
$$;
comment on function core.require_grantee is 'Raises PT400 or PT404 unless the grantee is * or another registered project.';

-- Lets another project, or every one (p_grantee *), use a thing. The rights replace those it had. Naturally idempotent: the
-- same call again changes nothing. p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.share_set(p_kind text, p_name text, p_grantee text, p_rights text[], p_project text default null,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('share:write', p_project);
  v_rights text[];
  v_old core.share;
  v_new core.share;
begin
  perform core.require_share(p_kind, p_name, p_rights);
  perform core.require_grantee(v_project, p_grantee);
  v_rights := array(select distinct u.name from unnest(p_rights) as u (name) order by u.name);
  v_old := core.share_lock(v_project, p_kind, p_name, p_grantee);
  perform core.require_match(p_if_match, case when v_old.id is not null then core.share_view(v_old) ->> 'etag' end);
  if v_old.rights = v_rights then return jsonb_build_object('ok', true) || core.share_view(v_old); end if;
  if v_old.id is null and 1000 <= (select count(*) from core.share where owner = v_project) then
    perform core.refuse('PT409', 'too_many_shares', 'a project can have 1000 shares', 'Remove those that are no longer needed.',
      jsonb_build_object('max', 1000));
  end if;
  insert into core.share as s (owner, kind, name, grantee, rights) values (v_project, p_kind, p_name, p_grantee, v_rights)
  on conflict on constraint share_key do update set
    rights = excluded.rights, updated_by = excluded.updated_by, updated_at = excluded.updated_at
  returning * into v_new;
  perform core.audit('share.set', core.share_resource(v_new), v_project,
    case when v_old.id is not null then core.share_view(v_old) end, core.share_view(v_new));
  perform core.share_emit(v_new, 'set');
  return jsonb_build_object('ok', true) || core.share_view(v_new);
end
$$;
comment on function core_api.share_set is 'Lets another project, or every one, use a thing of a project. Idempotent.';
revoke execute on function core_api.share_set from public;
grant execute on function core_api.share_set to core_member, service_role;

-- Ends a share: the next call is refused. Locks: the project.
create function core_api.share_remove(p_kind text, p_name text, p_grantee text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.enter('share:write', p_project);
  v_row core.share;
begin
  v_row := core.share_lock(v_project, p_kind, p_name, p_grantee);
  if v_row.id is null then
    perform core.refuse('PT404', 'share_not_found', 'there is no such share', 'List the shares of the project.');
  end if;
  delete from core.share where id = v_row.id;
  perform core.audit('share.remove', core.share_resource(v_row), v_project, core.share_view(v_row), null);
  perform core.share_emit(v_row, 'removed');
  return jsonb_build_object('ok', true) || core.share_view(v_row);
end
$$;
comment on function core_api.share_remove is 'Ends a share at once. PT404 where there is none.';
revoke execute on function core_api.share_remove from public;
grant execute on function core_api.share_remove to core_member, service_role;

-- The shares that a project gives, or with p_received those it may use, oldest first. p_after: the `next` of the page before.
create function core_api.share_list(p_project text default null, p_received boolean default false, p_after bigint default 0,
  p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('project:read', p_project);
  v_rows core.share[];
begin
  perform core.require_page(p_limit);
  v_rows := case when p_received then
    array(select s from core.share s where s.grantee in (v_project, '*') and s.owner <> v_project and s.id > coalesce(p_after, 0)
      order by s.id limit p_limit)
  else
    array(select s from core.share s where s.owner = v_project and s.id > coalesce(p_after, 0) order by s.id limit p_limit)
  end;
  return jsonb_build_object('ok', true,
    'shares', (select coalesce(jsonb_agg(core.share_view(s) order by s.id), '[]') from unnest(v_rows) s),
    'next', case when cardinality(v_rows) = p_limit then (v_rows[p_limit]).id end);
end
$$;
comment on function core_api.share_list is 'The shares that a project gives, or those it receives; pages by their order of creation.';
revoke execute on function core_api.share_list from public;
grant execute on function core_api.share_list to core_member, service_role;
