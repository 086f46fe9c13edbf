-- Disabling, enabling, renaming and checking keys, changing when they expire, and giving them the scopes of later versions.

-- Renames a key, disables or enables it, changes its expiry. A null field is unchanged; p_forever removes the expiry;
-- p_add_defaults adds the scopes a new key gets, and none is ever taken away. The caller needs what the key may do then.
-- Idempotent. p_if_match: only in a state the caller has seen. Locks: the key.
create function core_api.key_update(
  p_id uuid, p_name text default null, p_enabled boolean default null, p_expires_at timestamptz default null,
  p_forever boolean default false, p_if_match text[] default null, p_add_defaults boolean default false
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_old core.api_key := core.key_lock(p_id, 'key:write');
  v_new core.api_key := v_old;
begin
  if length(p_name) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_name', 'a key needs a name of 1 to 100 characters', 'Name the key after what uses it.',
      jsonb_build_object('field', 'name'));
  end if;
  if p_expires_at is not null and (p_forever or not isfinite(p_expires_at) or p_expires_at <= clock_timestamp()) then
    perform core.refuse('PT400', 'invalid_expiry', 'expires_at must lie in the future', 'To end a key now, disable or revoke it.',
      jsonb_build_object('field', 'expires_at'));
  end if;
  perform core.require_match(p_if_match, core.key_view(v_old) ->> 'etag');
  v_new.name := coalesce(p_name, v_old.name);
  v_new.disabled_at := case when p_enabled is null then v_old.disabled_at
    when not p_enabled then coalesce(v_old.disabled_at, clock_timestamp()) end;
  v_new.expires_at := case when p_forever then null else coalesce(p_expires_at, v_old.expires_at) end;
  -- A key whose caps are null has every scope.
  if p_add_defaults and not v_old.caps @> core.default_scopes() then
    v_new.caps := array(select distinct c from unnest(v_old.caps || core.default_scopes()) c order by c);
  end if;
  if v_old.revoked_at is not null and v_new is distinct from v_old then
    perform core.refuse('PT409', 'key_revoked', format('key %s was revoked, which is for good', p_id), 'Make a new key.');
  end if;
  if v_old.replaced_by is not null and v_new.expires_at is distinct from v_old.expires_at then
    perform core.refuse('PT409', 'key_replaced', format('key %s was rerolled and ends with its overlap', p_id),
      'Use the key that replaced it.', jsonb_build_object('replaced_by', v_old.replaced_by));
  end if;
  if v_new is distinct from v_old then
    -- A caller changes only keys that may do no more than it may itself.
    perform core.require_own_caps(v_new.caps);
    if v_new.disabled_at is not null or v_new.expires_at is not null then perform core.require_owner_key_left(v_old); end if;
    update core.api_key set name = v_new.name, disabled_at = v_new.disabled_at, expires_at = v_new.expires_at, caps = v_new.caps
    where id = p_id returning * into v_new;
    perform pg_catalog.pg_notify('core_key', p_id::text);
    perform core.key_emit('updated', v_new);
    perform core.audit('key.update', 'key:' || p_id, v_new.project, core.key_view(v_old), core.key_view(v_new));
  end if;
  return jsonb_build_object('ok', true) || core.key_view(v_new);
end
$$;
comment on function core_api.key_update is 'Renames, disables, enables a key, moves its end or adds the default scopes. Idempotent; a revoked key stays as it is.';
revoke execute on function core_api.key_update from public;
grant execute on function core_api.key_update to core_member, service_role;

-- Whether a key is good, and for a scope. A member learns of its own project's keys only: another's is unknown to it.
create function core_api.key_check(p_hash text, p_scope text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_row core.api_key;
  v_code text;
begin
  perform core.authorize('key:read', v_member ->> 'project');
  if p_scope is not null and p_scope <> all (core.scopes()) then
    perform core.refuse('PT400', 'invalid_scope', format('%s is no scope', quote_literal(p_scope)),
      'Choose from: ' || array_to_string(core.scopes(), ', '), jsonb_build_object('field', 'scope'));
  end if;
  select * into v_row from core.api_key
  where hash = core.key_hash(p_hash) and (v_member is null or project = v_member ->> 'project');
  if v_row.id is null then
    return jsonb_build_object('ok', true, 'valid', false, 'code', 'not_found', 'key', null);
  end if;
  v_code := case
    when core.key_status(v_row) <> 'active' then core.key_status(v_row)
    when exists (select from core.project where name = v_row.project and archived_at is not null) then 'disabled'
    when p_scope <> all (coalesce(v_row.caps, core.scopes())) then 'insufficient_scope'
    else 'valid'
  end;
  return jsonb_build_object('ok', true, 'valid', v_code = 'valid', 'code', v_code, 'key', core.key_view(v_row));
end
$$;
comment on function core_api.key_check is 'Whether the key with this SHA-256 is good, and why not. Members see their own project''s keys only.';
revoke execute on function core_api.key_check from public;
grant execute on function core_api.key_check to core_member, service_role;
