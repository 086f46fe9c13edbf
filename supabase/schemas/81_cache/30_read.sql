-- What is kept of some keys, in their order; null where nothing is, or what is there was invalidated.
create function core.cache_read_entries(p_project text, p_namespace text, p_keys text[]) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select jsonb_agg(
    case when e.key is null then 'null'::jsonb else jsonb_build_object(
      'value', translate(encode(e.value, 'base64'), E'\n', ''),
      'fresh_ms', round(extract(epoch from e.fresh_until - t.now) * 1000),
      'stale_ms', round(extract(epoch from e.gone_at - t.now) * 1000),
      'tags', e.tags, 'version', e.version) end
    order by k.ordinal)
  from (select clock_timestamp() as now, core.cache_void_version(p_project, p_namespace, '{}') as cleared) t
  cross join unnest(p_keys) with ordinality as k (key, ordinal)
  left join core.cache_entry e on e.project = p_project and e.namespace = p_namespace and e.key = k.key
    and e.value is not null and e.gone_at > t.now and e.version > t.cleared
    and (e.tags = '{}' or e.version > core.cache_void_version(p_project, p_namespace, e.tags))
$$;
comment on function core.cache_read_entries is 'Cached values of some keys, in their order, with what is left of their times.';

-- Reads keys in order. With p_holder it also asks for the right to load what is not fresh: one process at a time gets
-- it for p_lease_ms. read_at is the order of this call; a write that brings it is refused if its key was changed since.
-- Locks: with p_holder the leases of the keys, in their order.
create function core_api.cache_get_many(p_namespace text, p_keys text[], p_holder text default null, p_lease_ms int default 10000,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
  v_read_at bigint := nextval('core.cache_version');
  v_entries jsonb;
  v_leases jsonb;
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.cache_require_names('keys', p_keys, 1000);
  v_entries := core.cache_read_entries(v_project, p_namespace, p_keys);
  if p_holder is not null then
    v_leases := core.cache_take_leases(v_project, p_namespace, core.cache_missing_keys(p_keys, v_entries), p_holder, p_lease_ms,
      v_read_at, clock_timestamp());
    if v_leases <> '{}' then
      -- The process that held a lease may have written and ended it between the two: what it wrote is seen now.
      v_entries := core.cache_read_entries(v_project, p_namespace, p_keys);
      delete from core.cache_lease l using unnest(p_keys) as k (key)
      where l.project = v_project and l.namespace = p_namespace and l.key = k.key and l.token = v_read_at
        and k.key <> all (core.cache_missing_keys(p_keys, v_entries));
      v_leases := coalesce((select jsonb_object_agg(l.key, l.value) from jsonb_each(v_leases) l
        where l.key = any (core.cache_missing_keys(p_keys, v_entries))), '{}');
    end if;
  end if;
  return jsonb_build_object('ok', true, 'read_at', v_read_at, 'entries', v_entries, 'leases', v_leases);
end
$$;
comment on function core_api.cache_get_many is 'Cached values of up to 1,000 keys, and on request the right to load those that are not fresh.';
revoke execute on function core_api.cache_get_many from public;
grant execute on function core_api.cache_get_many to core_member, service_role;

-- The keys of which nothing fresh was read.
create function core.cache_missing_keys(p_keys text[], p_entries jsonb) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(select k.key from unnest(p_keys) with ordinality as k (key, ordinal)
    where coalesce((p_entries -> (k.ordinal - 1)::int ->> 'fresh_ms')::numeric <= 0, true))
$$;
comment on function core.cache_missing_keys is 'The keys of which nothing fresh was read.';

-- By key: {token} for a lease that is granted, {ends_in_ms} for one that another process holds, with failure where the
-- last load failed. Efficiency, not mutual exclusion: a process that waited long enough loads without one.
create function core.cache_take_leases(p_project text, p_namespace text, p_keys text[], p_holder text, p_lease_ms int, p_token bigint,
  p_now timestamptz) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_leases jsonb;
begin
  perform core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
  if p_lease_ms is null or p_lease_ms not between 100 and 3600000 then
    perform core.refuse('PT400', 'invalid_lease', 'lease_ms must be 100 to 3600000', null, jsonb_build_object('field', 'lease_ms'));
  end if;
  if cardinality(p_keys) = 0 then return '{}'; end if;
  insert into core.cache_lease as l (project, namespace, key, token, holder, ends_at)
  select p_project, p_namespace, k.key, p_token, p_holder, p_now + make_interval(secs => p_lease_ms / 1000.0)
  from (select distinct key from unnest(p_keys) as u (key)) k order by k.key collate "C"
  on conflict on constraint cache_lease_pkey do update
    set token = excluded.token, holder = excluded.holder, ends_at = excluded.ends_at, failure = null
    where l.ends_at <= clock_timestamp();
  select jsonb_object_agg(l.key,
    case when l.token = p_token and l.failure is null then jsonb_build_object('token', l.token)
    else jsonb_strip_nulls(jsonb_build_object('failure', l.failure,
      'ends_in_ms', greatest(0, round(extract(epoch from l.ends_at - clock_timestamp()) * 1000)))) end)
  into v_leases
  from core.cache_lease l where l.project = p_project and l.namespace = p_namespace and l.key = any (p_keys);
  return coalesce(v_leases, '{}');
end
$$;
comment on function core.cache_take_leases is 'Grants the right to load keys to one holder at a time.';

-- Keeps a lease while its load runs. Locks: the lease.
create function core_api.cache_renew(p_namespace text, p_key text, p_token bigint, p_lease_ms int, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
begin
  if p_lease_ms is null or p_lease_ms not between 100 and 3600000 then
    perform core.refuse('PT400', 'invalid_lease', 'lease_ms must be 100 to 3600000', null, jsonb_build_object('field', 'lease_ms'));
  end if;
  update core.cache_lease set ends_at = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
  where project = v_project and namespace = p_namespace and key = p_key and token = p_token and failure is null;
  return jsonb_build_object('ok', true, 'renewed', found);
end
$$;
comment on function core_api.cache_renew is 'Keeps the right to load a key; renewed is false where another process has it by now.';
revoke execute on function core_api.cache_renew from public;
grant execute on function core_api.cache_renew to core_member, service_role;

-- Ends a lease without a value. With p_failure the failure is what others get until p_backoff_ms are over.
-- Locks: the lease.
create function core_api.cache_release(p_namespace text, p_key text, p_token bigint, p_failure text default null,
  p_backoff_ms int default 0, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
begin
  if p_failure is not null and p_backoff_ms > 0 then
    update core.cache_lease set failure = left(p_failure, 500),
      ends_at = clock_timestamp() + make_interval(secs => least(p_backoff_ms, 3600000) / 1000.0)
    where project = v_project and namespace = p_namespace and key = p_key and token = p_token;
  else
    delete from core.cache_lease
    where project = v_project and namespace = p_namespace and key = p_key and token = p_token;
  end if;
  return jsonb_build_object('ok', true, 'released', found);
end
$$;
comment on function core_api.cache_release is 'Ends the right to load a key, with a failure that is shared for a while or without.';
revoke execute on function core_api.cache_release from public;
grant execute on function core_api.cache_release to core_member, service_role;
