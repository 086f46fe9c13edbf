-- For the process that has the keys: what it opens, and what a new key has to seal again. Nothing here is a member's.

create function core_api.secret_sealed(p_name text, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.secret;
begin
  perform core.authorize('secret:operate', null);
  select * into v_row from core.secret where (project = p_project or project is null and p_project is null) and name = p_name;
  if v_row.id is null then perform core.refuse_no_secret(); end if;
  return jsonb_build_object('ok', true, 'version', v_row.version, 'sealed', v_row.sealed);
end
$$;
comment on function core_api.secret_sealed is 'A secret as it is sealed. Owner only.';
revoke execute on function core_api.secret_sealed from public;
grant execute on function core_api.secret_sealed to service_role;

create function core_api.secret_stale(p_key_id text, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('secret:operate', null);
  perform core.require_page(p_limit);
  return jsonb_build_object('ok', true, 'secrets', (
    select coalesce(jsonb_agg(jsonb_build_object('project', s.project, 'name', s.name, 'version', s.version, 'sealed', s.sealed)), '[]')
    from (select * from core.secret where split_part(sealed, '.', 2) <> p_key_id order by id limit p_limit) s));
end
$$;
comment on function core_api.secret_stale is 'Secrets that another key sealed. Owner only.';
revoke execute on function core_api.secret_stale from public;
grant execute on function core_api.secret_stale to service_role;

-- The same secret under another key. One that was set meanwhile has another version and stays. Locks: the secret.
create function core_api.secret_rewrap(p_name text, p_version uuid, p_sealed text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_old core.secret;
  v_new core.secret;
begin
  perform core.authorize('secret:operate', null);
  perform core.require_sealed('sealed', p_sealed);
  select * into v_old from core.secret where (project = p_project or project is null and p_project is null) and name = p_name and version = p_version for update;
  if v_old.id is null or v_old.sealed = p_sealed then return jsonb_build_object('ok', true, 'rewrapped', false); end if;
  update core.secret set sealed = p_sealed where id = v_old.id returning * into v_new;
  perform core.audit('secret.rewrap', core.secret_resource(v_new), p_project, core.secret_view(v_old), core.secret_view(v_new));
  return jsonb_build_object('ok', true, 'rewrapped', true);
end
$$;
comment on function core_api.secret_rewrap is 'Keeps a secret under another key. Owner only.';
revoke execute on function core_api.secret_rewrap from public;
grant execute on function core_api.secret_rewrap to service_role;
