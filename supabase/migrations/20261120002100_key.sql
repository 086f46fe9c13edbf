-- Generated from supabase/schemas/20_key by `npm run generate`. Do not edit.

-- supabase/schemas/20_key/00_steps.sql

-- What higher nouns may name: the table, whose keys that end take with them what was made by them.

create table core.api_key (
  id uuid constraint api_key_pkey primary key default core.new_id(),
  project text collate "C" constraint api_key_project_fkey references core.project (name),
  name text not null constraint api_key_name_length check (length(name) between 1 and 100),
  hash bytea not null constraint api_key_hash_once unique
    constraint api_key_hash_is_sha256 check (octet_length(hash) = 32),
  hint text not null constraint api_key_hint_length check (length(hint) between 1 and 20),
  caps text[],
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  disabled_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  replaced_by uuid constraint api_key_replaced_by_fkey references core.api_key (id),
  request_key text collate "C" not null,
  request jsonb not null,
  constraint api_key_revoked_is_disabled check (revoked_at is null or disabled_at is not null),
  -- Only a key of the whole system has every scope, those of later versions included.
  constraint api_key_project_has_caps check (project is null or caps is not null),
  constraint api_key_request_once unique nulls not distinct (project, request_key)
);
comment on table core.api_key is 'API keys as SHA-256. project null: a key of the whole system; caps null: every scope.';
comment on column core.api_key.caps is 'The scopes. key_create checks them: a constraint may not read another table, or a restore would fail.';
comment on column core.api_key.revoked_at is 'Ended for good. A key that is only disabled can be enabled again.';
comment on column core.api_key.request is 'The request, to distinguish a retry from another use of the same idempotency key.';
create index api_key_by_project on core.api_key (project, id);
create index api_key_by_replacement on core.api_key (replaced_by) where replaced_by is not null;

-- supabase/schemas/20_key/10_storage.sql

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

-- supabase/schemas/20_key/20_create.sql

-- Making and rerolling keys. Both replay on p_key: the second call answers with the first one's key and
-- "replayed": true, and since only a hash is stored, that key cannot be shown again.

-- Stores a key whose hash is that of another one. A project may know that of its own. A hash of someone else is the hash of a
-- secret that only they have, and the answer must not say that it exists: the new row looks like any other, and since its hash
-- is drawn, nothing is its key. The first one works as before.
create function core.key_insert_known(p_key text, p_new core.api_key, p_request jsonb) returns core.api_key
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.api_key;
begin
  if exists (select from core.api_key k where k.hash = p_new.hash and (k.project = p_new.project or k.project is null and p_new.project is null)) then
    perform core.refuse('PT409', 'key_exists', 'this key is recorded already', 'Generate a new key.', jsonb_build_object('field', 'hash'));
  end if;
  insert into core.api_key (project, name, hash, hint, caps, created_by, expires_at, request_key, request)
  values (p_new.project, p_new.name, sha256(p_new.hash || uuid_send(gen_random_uuid())), p_new.hint, p_new.caps, core.actor(),
    p_new.expires_at, p_key, p_request)
  on conflict on constraint api_key_request_once do nothing
  returning * into v_row;
  return v_row;
end
$$;
comment on function core.key_insert_known is 'Stores a key whose hash is taken: PT409 within one project, else a row that nothing is the key of.';

-- Stores a new key, or finds the one this request made before. The steps create and reroll have in common.
create function core.key_insert(p_key text, p_new core.api_key, p_request jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_row core.api_key;
begin
  insert into core.api_key (project, name, hash, hint, caps, created_by, expires_at, request_key, request)
  values (p_new.project, p_new.name, p_new.hash, p_new.hint, p_new.caps, core.actor(), p_new.expires_at, p_key, p_request)
  on conflict do nothing returning * into v_row;
  if v_row.id is null and not exists (
      select from core.api_key k where (k.project = p_new.project or k.project is null and p_new.project is null) and k.request_key = p_key) then
    v_row := core.key_insert_known(p_key, p_new, p_request);
  end if;
  if v_row.id is not null then
    if 1000 < (select count(*) from core.api_key k
        where (k.project = p_new.project or k.project is null and p_new.project is null)
          and k.disabled_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())) then
      perform core.refuse('PT409', 'too_many_keys', 'a project can have 1000 active API keys', 'Revoke those no longer used.',
        jsonb_build_object('max', 1000));
    end if;
    perform core.key_emit('created', v_row);
    return jsonb_build_object('ok', true, 'replayed', false) || core.key_view(v_row);
  end if;

  select * into v_row from core.api_key where (project = p_new.project or project is null and p_new.project is null) and request_key = p_key;
  if v_row.request <> p_request then
    perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key made another API key before',
      'Use a new idempotency key for a new API key.',
      jsonb_build_object('fields', (
        select jsonb_agg(field order by field) from jsonb_object_keys(v_row.request || p_request) field
        where v_row.request -> field is distinct from p_request -> field)));
  end if;
  return jsonb_build_object('ok', true, 'replayed', true) || core.key_view(v_row);
end
$$;
comment on function core.key_insert is 'Inserts a key, or answers with the one the same request made before.';

-- Records a key its maker has generated. p_project null makes a key of the whole system (owner only); p_caps null means
-- the defaults of a project, or everything for the whole system. Replays on p_key. Locks: none but the new row.
create function core_api.key_create(
  p_key text, p_hash text, p_hint text, p_project text default null, p_name text default 'key',
  p_caps text[] default null, p_expires_at timestamptz default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_new core.api_key;
  v_unknown text[];
  v_result jsonb;
begin
  perform core.authorize('key:write', p_project);
  perform core.require_key(p_key);
  v_new.hash := core.key_hash(p_hash);
  v_new.project := p_project;
  v_new.expires_at := p_expires_at;
  v_new.hint := p_hint;
  v_new.name := p_name;
  if p_hint is null or length(p_hint) not between 1 and 20 or p_name is null or length(p_name) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_name', 'a key needs a name of 1 to 100 characters and a hint of 1 to 20',
      'Name the key after what uses it.', jsonb_build_object('field', 'name'));
  end if;
  if p_project is not null and not exists (select from core.project where name = p_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(p_project)),
      'Register the project first.');
  end if;

  select array_agg(c order by c) into v_unknown from unnest(p_caps) c where c is null or c <> all (core.scopes());
  if v_unknown is not null or cardinality(p_caps) = 0 then
    perform core.refuse('PT400', 'invalid_caps',
      format('unknown or no scopes: %s', array_to_string(v_unknown, ', ', 'null')),
      'Choose from: ' || array_to_string(core.scopes(), ', '), jsonb_build_object('field', 'caps'));
  end if;
  select array_agg(distinct c order by c) into v_new.caps
  from unnest(coalesce(p_caps, case when p_project is not null then core.default_scopes() end)) c;
  perform core.require_own_caps(v_new.caps);

  if p_expires_at <= clock_timestamp() or not isfinite(p_expires_at) then
    -- A retry may arrive after the key has expired; it must still see what it made.
    if not exists (select from core.api_key where (project = p_project or project is null and p_project is null) and request_key = p_key) then
      perform core.refuse('PT400', 'invalid_expiry', 'expires_at must lie in the future', 'Leave it out for a key without end.',
        jsonb_build_object('field', 'expires_at'));
    end if;
  end if;
  v_result := core.key_insert(p_key, v_new,
    jsonb_build_object('op', 'create', 'name', p_name, 'caps', to_jsonb(v_new.caps), 'expires_at', p_expires_at));
  if not (v_result ->> 'replayed')::boolean then
    perform core.audit('key.create', 'key:' || (v_result ->> 'id'), p_project, null, v_result - '{ok,replayed}'::text[]);
  end if;
  return v_result;
end
$$;
comment on function core_api.key_create is 'Records a new API key by its SHA-256. Replays on p_key. Grants at most what the caller has.';
revoke execute on function core_api.key_create from public;
grant execute on function core_api.key_create to core_member, service_role;

-- Replaces a key by a new one with the same rights; the old one works for p_overlap_s seconds more, so that a fleet can
-- change over without a gap. Replays on p_key. Locks: the old row.
create function core_api.key_reroll(p_key text, p_id uuid, p_hash text, p_hint text, p_overlap_s int default 3600)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_old core.api_key := core.key_lock(p_id, 'key:write');
  v_new core.api_key;
  v_request jsonb := jsonb_build_object('op', 'reroll', 'id', p_id, 'overlap_s', p_overlap_s);
  v_before jsonb := core.key_view(v_old);
  v_result jsonb;
begin
  perform core.require_key(p_key);
  if p_overlap_s is null or p_overlap_s not between 0 and 2592000 then
    perform core.refuse('PT400', 'invalid_overlap', 'p_overlap_s must be 0 to 2592000 seconds (30 days)',
      'Choose how long both keys shall work.', jsonb_build_object('field', 'overlap_s'));
  end if;
  perform core.require_own_caps(v_old.caps);
  v_new.hash := core.key_hash(p_hash);
  v_new.project := v_old.project;
  v_new.name := v_old.name;
  v_new.caps := v_old.caps;
  v_new.hint := p_hint;
  if core.key_status(v_old) <> 'active' and v_old.replaced_by is null
    or v_old.replaced_by is not null
      and not exists (select from core.api_key where id = v_old.replaced_by and request_key = p_key) then
    perform core.refuse('PT409', 'key_not_active', format('key %s is %s and cannot be rerolled', p_id,
        case when v_old.replaced_by is not null then 'replaced already' else core.key_status(v_old) end),
      'Make a new key instead.', jsonb_build_object('status', core.key_status(v_old), 'replaced_by', v_old.replaced_by));
  end if;
  -- The new key lives as long as the old one was meant to.
  v_new.expires_at := clock_timestamp() + (v_old.expires_at - v_old.created_at);

  v_result := core.key_insert(p_key, v_new, v_request);
  if not (v_result ->> 'replayed')::boolean then
    update core.api_key
    set replaced_by = (v_result ->> 'id')::uuid,
      expires_at = least(expires_at, clock_timestamp() + make_interval(secs => p_overlap_s))
    where id = p_id returning * into v_old;
    perform pg_catalog.pg_notify('core_key', p_id::text);
    perform core.key_emit('rerolled', v_old);
    perform core.audit('key.reroll', 'key:' || p_id, v_old.project, v_before,
      core.key_view(v_old) || jsonb_build_object('replacement', v_result - '{ok,replayed}'::text[]));
  end if;
  return v_result || jsonb_build_object('replaces', p_id,
    'overlap_ends_at', (select expires_at from core.api_key where id = p_id));
end
$$;
comment on function core_api.key_reroll is 'Replaces a key by a new one with the same rights; both work during the overlap. Replays on p_key.';
revoke execute on function core_api.key_reroll from public;
grant execute on function core_api.key_reroll to core_member, service_role;

-- supabase/schemas/20_key/30_use.sql

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

-- supabase/schemas/20_key/40_update.sql

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

-- supabase/schemas/20_key/50_touch.sql

-- When keys were last used, written in batches: a write per request would cost more than the request's check.

-- p_uses: [{id, at}], at most 10,000. The latest time wins; ids that are no longer keys are skipped.
-- Locks: the keys, in the order of their ids.
create function core_api.key_touch(p_uses jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  perform core.authorize('key:write', null);
  perform core.require_exact('uses', p_uses);
  if p_uses is null or jsonb_typeof(p_uses) <> 'array' or jsonb_array_length(p_uses) > 10000 then
    perform core.refuse('PT400', 'invalid_uses', 'uses must be a list of at most 10000', 'Send [{"id": …, "at": …}].',
      jsonb_build_object('field', 'uses'));
  end if;
  perform from core.api_key k where k.id in (select u.id from jsonb_to_recordset(p_uses) as u (id uuid)) order by k.id for no key update;
  update core.api_key k set last_used_at = u.at
  from (select r.id, max(r.at) as at from jsonb_to_recordset(p_uses) as r (id uuid, at timestamptz) group by r.id) u
  where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at);
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'touched', v_count);
end
$$;
comment on function core_api.key_touch is 'Remembers when API keys were last used. Owner only.';
revoke execute on function core_api.key_touch from public;
grant execute on function core_api.key_touch to service_role;

-- supabase/schemas/20_key/60_archive.sql

-- Keys of an archived project are refused by key_verify. Those that processes remember are forgotten: by the notification
-- at once, by the event also where notifications do not arrive.
create function core.key_follow_archive() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_key core.api_key;
begin
  for v_key in select * from core.api_key where project = new.name and disabled_at is null order by id loop
    perform pg_catalog.pg_notify('core_key', v_key.id::text);
    perform core.key_emit('updated', v_key);
  end loop;
  return null;
end
$$;
comment on function core.key_follow_archive is 'Has every process look the keys of an archived or restored project up again.';
create trigger key_follow_archive after update of archived_at on core.project
for each row when (old.archived_at is distinct from new.archived_at) execute function core.key_follow_archive();

-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
