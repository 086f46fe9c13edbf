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
  elsif exists (select from core.project where name = v_row.project and archived_at is not null) then
    return jsonb_build_object('ok', false, 'code', 'project_archived', 'id', v_row.id);
  end if;
  return jsonb_build_object('ok', true) || core.key_view(v_row);
end
$$;
comment on function core_api.key_verify is 'The key with this SHA-256 if it is active; key_unknown, key_expired, key_disabled or project_archived otherwise. Owner only.';
revoke execute on function core_api.key_verify from public;
grant execute on function core_api.key_verify to service_role;

-- Which of the keys that a process has looked up are still good, until when, and how many scopes they have: none is ever taken
-- away, and what else the process knows of them never changes. At most 10,000. Asked by the control plane with its own rights,
-- never by a member.
create function core_api.key_confirm(p_ids uuid[]) returns json
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  perform core.authorize('key:read', null);
  if p_ids is null or cardinality(p_ids) > 10000 then
    perform core.refuse('PT400', 'invalid_ids', 'p_ids must be a list of at most 10000', null, jsonb_build_object('field', 'ids'));
  end if;
  -- What core.key_status calls active: the call of a function for each key took most of the time.
  return (select json_build_object('ok', true, 'keys', coalesce(json_agg(json_build_object('id', k.id, 'expires_at', k.expires_at,
      'scopes', coalesce(cardinality(k.caps), (select cardinality(core.scopes()))))), '[]'))
    from core.api_key k left join core.project p on p.name = k.project
    where k.id = any (p_ids) and p.archived_at is null and k.disabled_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp()));
end
$$;
comment on function core_api.key_confirm is 'Those of these keys that are active, with their ends and how many scopes each has. Owner only.';
revoke execute on function core_api.key_confirm from public;
grant execute on function core_api.key_confirm to service_role;

-- The keys of a project, oldest first; p_project null lists the keys of the whole system (owner only).
create function core_api.key_list(p_project text default null, p_after uuid default null, p_limit int default 100)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
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
    where (project = p_project or project is null and p_project is null) and (p_after is null or id > p_after)
    order by id limit p_limit
  ) k;
  return jsonb_build_object('ok', true, 'keys', v_rows);
end
$$;
comment on function core_api.key_list is 'The API keys of a project, or of the whole system, oldest first. Never their hashes.';
revoke execute on function core_api.key_list from public;
grant execute on function core_api.key_list to core_member, service_role;

-- One key by its id. Another project's key looks like a missing one.
create function core_api.key_get(p_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_row core.api_key;
begin
  perform core.authorize('key:read', v_member ->> 'project');
  select * into v_row from core.api_key where id = p_id and (v_member is null or project = v_member ->> 'project');
  if v_row.id is null then
    perform core.refuse('PT404', 'key_not_found', 'there is no such API key', 'List the keys to find its id.');
  end if;
  return jsonb_build_object('ok', true) || core.key_view(v_row);
end
$$;
comment on function core_api.key_get is 'One API key by its id. Never its hash.';
revoke execute on function core_api.key_get from public;
grant execute on function core_api.key_get to core_member, service_role;

-- The last owner key cannot end itself: after that no owner could make another one over the API. Owners who come with the
-- configured key, as a user or over the database itself may end it. Locks: the owner keys, in order.
create function core.require_owner_key_left(p_row core.api_key) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_row.project is not null or p_row.caps is not null or core.key_status(p_row) <> 'active' or core.actor() not like 'key:%' then
    return;
  end if;
  perform from core.api_key where project is null and caps is null order by id for no key update;
  if not exists (select from core.api_key k where k.project is null and k.caps is null and k.id <> p_row.id
      and core.key_status(k) = 'active' and k.expires_at is null) then
    perform core.refuse('PT409', 'last_owner_key', format('%s is the last owner key', p_row.id),
      'Make another owner key first, and end this one with that.');
  end if;
end
$$;
comment on function core.require_owner_key_left is 'Raises PT409 where a key would end the last owner key.';

-- Ends a key at once and for good. Idempotent: the first time stays on record.
create function core_api.key_revoke(p_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.api_key := core.key_lock(p_id, 'key:write');
  v_before jsonb := core.key_view(v_row);
begin
  if v_row.revoked_at is null then
    perform core.require_own_caps(v_row.caps);
    perform core.require_owner_key_left(v_row);
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
