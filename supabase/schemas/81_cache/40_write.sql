-- Writes entries: [{key, value (base64), fresh_ms, stale_ms, tags, read_at, token}], at most 1,000. An entry with read_at
-- was loaded after the read of that number: it is refused (null among the versions) if its key was written or deleted, or
-- one of its tags or the namespace invalidated, since. One without read_at is not compared with other writes, and is
-- announced to other processes. Locks: entries in the order of their keys, then leases.
create function core_api.cache_put_many(p_namespace text, p_entries jsonb, p_origin text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
  v_keys text[];
  v_own bigint := nextval('core.cache_version');
  v_versions jsonb;
  v_set text[];
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_keys := core.cache_require_entries(p_entries);
  v_ok := core.cache_require_names('keys', v_keys, 1000);
  v_ok := core.cache_make_room(v_project, cardinality(v_keys));

  with given as (
    select distinct on (e.key) e.key, decode(e.value, 'base64') as value, coalesce(e.tags, '{}') as tags, e.read_at, e.token,
      coalesce(e.read_at, v_own) as version, clock_timestamp() as at, e.fresh_ms, e.stale_ms
    from rows from (jsonb_to_recordset(p_entries)
      as (key text, value text, fresh_ms double precision, stale_ms double precision, tags text[], read_at bigint, token bigint))
      with ordinality as e (key, value, fresh_ms, stale_ms, tags, read_at, token, ordinal)
    order by e.key, e.ordinal desc
  ), written as (
    insert into core.cache_entry as c (project, namespace, key, value, tags, version, fresh_until, gone_at, size, writer)
    select v_project, p_namespace, g.key, g.value, g.tags, g.version, g.at + make_interval(secs => g.fresh_ms / 1000),
      g.at + make_interval(secs => g.stale_ms / 1000), length(g.value), core.actor()
    from given g
    where g.version > core.cache_void_version(v_project, p_namespace, g.tags)
    order by g.key collate "C"
    on conflict on constraint cache_entry_pkey do update
      set value = excluded.value, tags = excluded.tags, version = excluded.version, fresh_until = excluded.fresh_until,
        gone_at = excluded.gone_at, size = excluded.size, writer = excluded.writer
      where c.version < excluded.version
    returning c.key, c.version
  ), ended as (
    delete from core.cache_lease l using given g
    where l.project = v_project and l.namespace = p_namespace and l.key = g.key and (g.token is null or l.token = g.token)
  )
  select jsonb_agg(w.version order by k.ordinal), array_agg(w.key) filter (where g.read_at is null and w.key is not null)
  into v_versions, v_set
  from unnest(v_keys) with ordinality as k (key, ordinal)
  join given g on g.key = k.key
  left join written w on w.key = k.key;
  if v_set is not null then
    v_ok := core.cache_announce(v_project, p_namespace, 'set', (select array_agg(distinct s) from unnest(v_set) s), v_own, p_origin);
  end if;
  -- Programs that are too short-lived for a timer sweep, too.
  if v_own % 80 = 0 then perform core.cache_sweep_once(200, '10 minutes'); end if;
  return jsonb_build_object('ok', true, 'versions', v_versions);
end
$$;
comment on function core_api.cache_put_many is 'Writes up to 1,000 cached values; null among the versions for one that was refused because its key changed since it was read.';
revoke execute on function core_api.cache_put_many from public;
grant execute on function core_api.cache_put_many to core_member, service_role;

-- The keys of the entries, once each entry has been found well formed.
create function core.cache_require_entries(p_entries jsonb) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_entry jsonb;
  v_at int := 0;
  v_fault text;
begin
  perform core.require_exact('entries', p_entries);
  if p_entries is null or jsonb_typeof(p_entries) <> 'array' then
    perform core.refuse('PT400', 'invalid_entries', 'entries must be a JSON array', null, jsonb_build_object('field', 'entries'));
  end if;
  for v_entry in select e from jsonb_array_elements(p_entries) e loop
    v_fault := case
      when jsonb_typeof(v_entry) <> 'object' then 'must be an object'
      when jsonb_typeof(v_entry -> 'key') is distinct from 'string' then 'needs a key'
      when jsonb_typeof(v_entry -> 'value') is distinct from 'string' or v_entry ->> 'value' !~ '^[A-Za-z0-9+/]*={0,2}$' then 'needs a value in base64'
      when length(v_entry ->> 'value') > 1398104 then 'has a value of more than 1 MB'
      when jsonb_typeof(v_entry -> 'fresh_ms') is distinct from 'number' or (v_entry ->> 'fresh_ms')::numeric not between 0 and 315360000000
        then 'needs fresh_ms from 0 to ten years'
      when jsonb_typeof(v_entry -> 'stale_ms') is distinct from 'number' or (v_entry ->> 'stale_ms')::numeric not between 0 and 630720000000
        then 'needs stale_ms from 0 to twenty years'
      when jsonb_typeof(coalesce(v_entry -> 'tags', '[]')) <> 'array' or jsonb_array_length(coalesce(v_entry -> 'tags', '[]')) > 64
        or exists (select from jsonb_array_elements(coalesce(v_entry -> 'tags', '[]')) t
          where jsonb_typeof(t) <> 'string' or octet_length(t #>> '{}') not between 1 and 512)
        then 'has at most 64 tags of 1 to 512 bytes'
      when jsonb_typeof(coalesce(v_entry -> 'read_at', '0')) <> 'number' or coalesce(v_entry ->> 'read_at', '0') !~ '^[0-9]{1,18}$'
        or jsonb_typeof(coalesce(v_entry -> 'token', '0')) <> 'number' or coalesce(v_entry ->> 'token', '0') !~ '^[0-9]{1,18}$'
        then 'takes read_at and token as cache_get_many gave them'
    end;
    if v_fault is not null then
      perform core.refuse(case when v_fault like '%more than 1 MB' then 'PT413' else 'PT400' end,
        case when v_fault like '%more than 1 MB' then 'value_too_large' else 'invalid_entries' end,
        format('entry %s %s', v_at, v_fault), null, jsonb_build_object('field', format('entries[%s]', v_at)));
    end if;
    v_at := v_at + 1;
  end loop;
  return array(select e ->> 'key' from jsonb_array_elements(p_entries) e);
end
$$;
comment on function core.cache_require_entries is 'Raises PT400 or PT413 naming the first entry that is malformed; else the keys, in order.';

-- Deletes keys. A row without a value stays for ten minutes: what was read before may not come back.
-- Locks: entries in the order of their keys, then leases.
create function core_api.cache_delete(p_namespace text, p_keys text[], p_origin text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
  v_version bigint := nextval('core.cache_version');
  v_deleted int;
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.cache_require_names('keys', p_keys, 1000);
  with gone as (
    insert into core.cache_entry as c (project, namespace, key, version, fresh_until, gone_at, writer)
    select v_project, p_namespace, k.key, v_version, clock_timestamp(), clock_timestamp() + interval '10 minutes', core.actor()
    from (select distinct key from unnest(p_keys) as u (key)) k order by k.key collate "C"
    on conflict on constraint cache_entry_pkey do update
      set value = null, tags = '{}', version = excluded.version, fresh_until = excluded.fresh_until, gone_at = excluded.gone_at,
        size = 0, writer = excluded.writer
      where c.version < excluded.version
    returning 1
  )
  select count(*) into v_deleted from gone;
  delete from core.cache_lease where project = v_project and namespace = p_namespace and key = any (p_keys);
  v_ok := core.cache_announce(v_project, p_namespace, 'delete', (select array_agg(distinct k) from unnest(p_keys) k), v_version, p_origin);
  return jsonb_build_object('ok', true, 'deleted', v_deleted);
end
$$;
comment on function core_api.cache_delete is 'Deletes up to 1,000 keys for every process; what was read before it may not be written back.';
revoke execute on function core_api.cache_delete from public;
grant execute on function core_api.cache_delete to core_member, service_role;

-- Makes keys stale and leaves them to be served while somebody loads. Locks: entries in the order of their keys.
create function core_api.cache_expire(p_namespace text, p_keys text[], p_origin text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
  v_version bigint := nextval('core.cache_version');
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.cache_require_names('keys', p_keys, 1000);
  perform from core.cache_entry where project = v_project and namespace = p_namespace and key = any (p_keys)
  order by key for no key update;
  update core.cache_entry set fresh_until = least(fresh_until, clock_timestamp()), version = v_version
  where project = v_project and namespace = p_namespace and key = any (p_keys) and value is not null;
  v_ok := core.cache_announce(v_project, p_namespace, 'set', (select array_agg(distinct k) from unnest(p_keys) k), v_version, p_origin);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.cache_expire is 'Makes up to 1,000 keys stale: the next caller loads, and may serve what is there meanwhile.';
revoke execute on function core_api.cache_expire from public;
grant execute on function core_api.cache_expire to core_member, service_role;

-- Voids entries by tag, whatever their number. Beyond 10,000 tags the namespace is cleared and the count starts again.
-- Locks: epochs in the order of their tags.
create function core_api.cache_invalidate_tags(p_namespace text, p_tags text[], p_origin text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:write', 'cache', p_project, p_namespace, 'write');
  v_version bigint := nextval('core.cache_version');
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.cache_require_names('tags', p_tags, 1000);
  if (select count(*) from (select from core.cache_epoch where project = v_project and namespace = p_namespace limit 10001) e) > 10000 then
    return core.cache_clear_namespace(v_project, p_namespace, p_origin);
  end if;
  insert into core.cache_epoch as e (project, namespace, tag, version)
  select v_project, p_namespace, t.tag, v_version from (select distinct tag from unnest(p_tags) as u (tag)) t order by t.tag collate "C"
  on conflict on constraint cache_epoch_pkey do update
    set version = greatest(e.version, excluded.version), at = excluded.at, swept_to = null, swept_version = null;
  v_ok := core.cache_announce(v_project, p_namespace, 'tag', (select array_agg(distinct t) from unnest(p_tags) t), v_version, p_origin);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.cache_invalidate_tags is 'Voids every cached value with one of the tags.';
revoke execute on function core_api.cache_invalidate_tags from public;
grant execute on function core_api.cache_invalidate_tags to core_member, service_role;

create function core.cache_clear_namespace(p_project text, p_namespace text, p_origin text) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_version bigint := nextval('core.cache_version');
begin
  insert into core.cache_epoch as e (project, namespace, tag, version) values (p_project, p_namespace, '', v_version)
  on conflict on constraint cache_epoch_pkey do update
    set version = greatest(e.version, excluded.version), at = excluded.at, swept_to = null, swept_version = null;
  delete from core.cache_epoch where project = p_project and namespace = p_namespace and tag <> '' and version < v_version;
  v_ok := core.cache_announce(p_project, p_namespace, 'clear', array[''], v_version, p_origin);
  v_ok := core.emit('cache', p_project, 'cleared', jsonb_build_object('namespace', p_namespace));
  return jsonb_build_object('ok', true);
end
$$;
comment on function core.cache_clear_namespace is 'Voids a namespace, and forgets the tags that were invalidated before.';

-- Voids a whole namespace. Locks: its epochs.
create function core_api.cache_clear(p_namespace text, p_origin text default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('cache:operate', p_project);
begin
  v_ok := core.cache_require_namespace(p_namespace);
  return core.cache_clear_namespace(v_project, p_namespace, p_origin);
end
$$;
comment on function core_api.cache_clear is 'Voids every cached value of a namespace.';
revoke execute on function core_api.cache_clear from public;
grant execute on function core_api.cache_clear to core_member, service_role;
