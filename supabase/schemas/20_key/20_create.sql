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
