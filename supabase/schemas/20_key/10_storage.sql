-- API keys. The key itself never reaches the database: callers make it, keep it, and hand over its SHA-256 and its
-- first characters (the hint by which people recognise a key).

insert into core.scope (name, summary, roles, is_default, topic) values
  ('key:read', 'List API keys and check one; never the secrets', '{operator,admin,owner}', false, 'key'),
  ('key:write', 'Create, change, reroll and revoke API keys', '{admin,owner}', false, null);

create function core.default_scopes() returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select array(select name from core.scope where is_default order by name collate "C")
$$;
comment on function core.default_scopes is 'The scopes a key of a project gets by default: to spend and to read, not to grant credits or raise its own limits.';

-- active | expired | disabled, by the server's clock.
create function core.key_status(p_row core.api_key) returns text
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select case
    when p_row.disabled_at is not null then 'disabled'
    when p_row.expires_at <= clock_timestamp() then 'expired'
    else 'active'
  end
$$;
comment on function core.key_status is 'active, expired or disabled. Disabled wins, because a person decided it.';

create function core.key_view(p_row core.api_key) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'id', p_row.id, 'project', p_row.project, 'name', p_row.name, 'hint', p_row.hint,
    'caps', to_jsonb(coalesce(p_row.caps, core.scopes())), 'status', core.key_status(p_row),
    'created_by', p_row.created_by, 'created_at', p_row.created_at, 'expires_at', p_row.expires_at,
    'disabled_at', p_row.disabled_at, 'revoked_at', p_row.revoked_at, 'last_used_at', p_row.last_used_at,
    'replaced_by', p_row.replaced_by, 'etag', core.etag(jsonb_build_object('name', p_row.name, 'caps', p_row.caps,
      'expires_at', extract(epoch from p_row.expires_at), 'disabled_at', extract(epoch from p_row.disabled_at))))
$$;
comment on function core.key_view is 'A key as the API shows it: never its hash.';

-- Writes a change of a key to the outbox. Those of the whole system concern the owner, like all that happens in the project core.
create function core.key_emit(p_type text, p_row core.api_key) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.emit('key', coalesce(p_row.project, 'core'), p_type, core.key_view(p_row));
end
$$;
comment on function core.key_emit is 'Writes what happened to a key to the outbox: created, rerolled, revoked.';

-- A hash as it arrives: 64 hexadecimal digits.
create function core.key_hash(p_hash text) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_hash is null or p_hash !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_hash', 'p_hash must be the SHA-256 of the key as 64 lowercase hexadecimal digits',
      'Hash the whole key, prefix and checksum included. Never send the key itself.', jsonb_build_object('field', 'hash'));
  end if;
  return decode(p_hash, 'hex');
end
$$;
comment on function core.key_hash is 'Raises PT400 unless the text is a SHA-256 in hexadecimal.';

-- Authorises, then finds the key within the caller's reach, then locks it: another project's key looks like a missing one.
create function core.key_lock(p_id uuid, p_scope text) returns core.api_key
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_row core.api_key;
begin
  perform core.authorize(p_scope, v_member ->> 'project');
  select * into v_row from core.api_key
  where id = p_id and (v_member is null or project = v_member ->> 'project') for no key update;
  if v_row.id is null then
    perform core.refuse('PT404', 'key_not_found', 'there is no such API key', 'List the keys to find its id.');
  end if;
  return v_row;
end
$$;
comment on function core.key_lock is 'The key row, locked. PT404 where it is missing or another project''s.';

-- Refuses to hand out more than the caller has.
create function core.require_own_caps(p_caps text[]) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_excess text[];
begin
  if v_member is null then return; end if;
  select array_agg(c order by c) into v_excess
  from unnest(coalesce(p_caps, core.scopes())) c where not coalesce(v_member -> 'caps' ? c, false);
  if v_excess is not null then
    perform core.refuse('PT403', 'caps_exceed_own',
      format('this credential cannot grant what it lacks: %s', array_to_string(v_excess, ', ')),
      'Ask for a subset of your own scopes, or let the owner make the key.', jsonb_build_object('caps', to_jsonb(v_excess)));
  end if;
end
$$;
comment on function core.require_own_caps is 'Raises PT403 where a member would grant a scope it does not have.';
