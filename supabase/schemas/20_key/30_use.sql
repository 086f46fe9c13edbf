-- Finding, checking and ending keys.

-- Who holds the key with this hash. Asked by the control plane with its own rights, never by a member.
create function core_api.key_verify(p_hash text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.api_key;
begin
  perform core.authorize('key:read', null);
  select * into v_row from core.api_key where hash = core.key_hash(p_hash);
  if v_row.id is null then
    return jsonb_build_object('ok', false, 'code', 'key_unknown');
  elsif core.key_status(v_row) <> 'active' then
    return jsonb_build_object('ok', false, 'code', 'key_' || core.key_status(v_row), 'id', v_row.id);
  end if;
  return jsonb_build_object('ok', true) || core.key_view(v_row);
end
$$;
comment on function core_api.key_verify is 'The key with this SHA-256 if it is active; key_unknown, key_expired or key_disabled otherwise. Owner only.';
revoke execute on function core_api.key_verify from public;
grant execute on function core_api.key_verify to service_role;

-- The keys of a project, oldest first; p_project null lists the keys of the whole system (owner only).
create function core_api.key_list(p_project text default null, p_after uuid default null, p_limit int default 100)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows jsonb;
begin
  perform core.authorize('key:read', p_project);
  if p_limit is null or p_limit not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_limit', 'p_limit must be 1 to 1000', 'Page with p_after.',
      jsonb_build_object('field', 'limit'));
  end if;
  select coalesce(jsonb_agg(core.key_view(k) order by k.id), '[]') into v_rows
  from (
    select * from core.api_key
    where project is not distinct from p_project and (p_after is null or id > p_after)
    order by id limit p_limit
  ) k;
  return jsonb_build_object('ok', true, 'keys', v_rows);
end
$$;
comment on function core_api.key_list is 'The API keys of a project, or of the whole system, oldest first. Never their hashes.';
revoke execute on function core_api.key_list from public;
grant execute on function core_api.key_list to core_member, service_role;

-- Ends a key at once and for good. Idempotent: the first time stays on record.
create function core_api.key_revoke(p_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.api_key := core.key_lock(p_id, 'key:write');
  v_before jsonb := core.key_view(v_row);
begin
  if v_row.revoked_at is null then
    update core.api_key
    set revoked_at = clock_timestamp(), disabled_at = coalesce(disabled_at, clock_timestamp())
    where id = p_id returning * into v_row;
    perform pg_catalog.pg_notify('core_key', p_id::text);
    perform core.key_emit('revoked', v_row);
    perform core.audit('key.revoke', 'key:' || p_id, v_row.project, v_before, core.key_view(v_row));
  end if;
  return jsonb_build_object('ok', true) || core.key_view(v_row);
end
$$;
comment on function core_api.key_revoke is 'Disables an API key at once and for good. Idempotent.';
revoke execute on function core_api.key_revoke from public;
grant execute on function core_api.key_revoke to core_member, service_role;
