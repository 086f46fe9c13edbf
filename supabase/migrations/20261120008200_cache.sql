-- Generated from supabase/schemas/81_cache by `npm run generate`. Do not edit.

-- supabase/schemas/81_cache/10_tables.sql

-- The shared tier of the cache, and what a credential may do with it. Entries and leases are unlogged: a crash of the server empties them, which is a cold
-- start and no loss. Every key begins with the project it belongs to.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('cache:read', 'Read cached values and statistics', '{viewer,operator,admin,owner}', true, 'cache'),
  ('cache:write', 'Write, delete and invalidate cached values', '{operator,admin,owner}', true, null),
  ('cache:operate', 'Clear whole namespaces of the cache', '{operator,admin,owner}', false, null);

insert into core.share_kind (name, rights, summary) values
  ('cache', '{read,write}', 'A namespace of the cache: read its values; write, delete and invalidate them');

create sequence core.cache_version;
comment on sequence core.cache_version is 'The order of reads and changes of the cache: a write brings the number of the read that missed.';

create unlogged table core.cache_entry (
  project text collate "C" not null,
  namespace text collate "C" not null,
  key text collate "C" not null,
  value bytea,
  tags text[] not null default '{}',
  version bigint not null,
  fresh_until timestamptz not null,
  gone_at timestamptz not null,
  size int not null default 0,
  writer text,
  constraint cache_entry_pkey primary key (project, namespace, key)
) with (fillfactor = 85);
comment on table core.cache_entry is 'Cached values. A row without a value says when its key was deleted: what was read before that may not come back.';
comment on column core.cache_entry.version is 'The number of the read it was loaded after, or of the write. Greater wins.';
create index cache_entry_gone_idx on core.cache_entry (gone_at);

-- Logged: an invalidation must outlive a crash, because processes keep in memory what it voids.
create table core.cache_epoch (
  project text collate "C" not null,
  namespace text collate "C" not null,
  tag text collate "C" not null,
  version bigint not null,
  at timestamptz not null default clock_timestamp(),
  swept_to text,
  swept_version bigint,
  constraint cache_epoch_pkey primary key (project, namespace, tag)
);
comment on table core.cache_epoch is 'When a tag was invalidated; the empty tag means the whole namespace. Entries of that version and older are void.';

comment on column core.cache_epoch.swept_to is 'In the oldest one of a namespace: the key up to which a sweep has deleted what is void.';
comment on column core.cache_epoch.swept_version is 'The latest invalidation that this sweep covers: when it has seen every key, none of them is needed any more.';

create index cache_epoch_age_idx on core.cache_epoch (at);

create unlogged table core.cache_lease (
  project text collate "C" not null,
  namespace text collate "C" not null,
  key text collate "C" not null,
  token bigint not null,
  holder text not null,
  ends_at timestamptz not null,
  failure text,
  constraint cache_lease_pkey primary key (project, namespace, key)
) with (fillfactor = 85);
comment on table core.cache_lease is 'Which process loads a missing key, or with a failure: until when no process tries again.';

create unlogged table core.cache_event (
  id bigint generated always as identity constraint cache_event_pkey primary key,
  xid xid8 not null default core.xid(),
  project text collate "C" not null,
  namespace text not null,
  type text not null constraint cache_event_type check (type in ('set', 'delete', 'tag', 'clear')),
  name text not null,
  version bigint not null,
  origin text not null,
  at timestamptz not null default clock_timestamp()
);
comment on table core.cache_event is 'What other processes have to drop from memory. The truth; a notification is a hint.';
insert into core.xid_source (relation, attribute, is_bound) values
  ('core.cache_event', 'xid', false), ('core.cache_head', 'trimmed', false);
create index cache_event_order_idx on core.cache_event (project, xid, id);
create index cache_event_age_idx on core.cache_event (at);

-- Unlogged as the events are: after a crash it is gone with them, the next reader makes another epoch, and every
-- cursor of the old one is answered with a reset.
create unlogged table core.cache_head (
  singleton boolean constraint cache_head_pkey primary key default true constraint cache_head_one_row check (singleton),
  epoch uuid not null default gen_random_uuid(),
  home text not null default core.xid_home(),
  trimmed xid8 not null default '0'
);
comment on table core.cache_head is 'The epoch of the events, the database they are of, and the number up to which they were deleted.';

create unlogged table core.cache_usage (
  project text collate "C" constraint cache_usage_pkey primary key,
  entries bigint not null,
  epochs bigint not null,
  bytes bigint not null,
  counted_at timestamptz not null
);
comment on table core.cache_usage is 'What each project keeps, as of the last count.';

-- supabase/schemas/81_cache/20_enter.sql

-- The steps that the cache's functions share.

create function core.cache_require_names(p_field text, p_names text[], p_most int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_name text;
begin
  if p_names is null or cardinality(p_names) = 0 then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must name at least one', p_field), null,
      jsonb_build_object('field', p_field));
  elsif cardinality(p_names) > p_most then
    perform core.refuse('PT413', 'too_many_' || p_field, format('at most %s %s in one call, got %s', p_most, p_field, cardinality(p_names)),
      'Send them in several calls.', jsonb_build_object('field', p_field, 'limit', p_most));
  end if;
  foreach v_name in array p_names loop
    if v_name is null or octet_length(v_name) not between 1 and 512 then
      perform core.refuse('PT400', 'invalid_' || p_field, format('each of %s must have 1 to 512 bytes', p_field),
        'Hash long keys as @core/cache does: sha256: and the SHA-256 of the key in hexadecimal.', jsonb_build_object('field', p_field));
    end if;
  end loop;
  if p_field = 'keys' then perform core.require_reachable(p_field, variadic p_names); end if;
  return true;
end
$$;
comment on function core.cache_require_names is 'Raises PT400 unless each name has 1 to 512 bytes and each key fits into a URL, PT413 above p_most names.';

create function core.cache_require_namespace(p_namespace text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_namespace is null or octet_length(p_namespace) not between 1 and 512 then
    perform core.refuse('PT400', 'invalid_namespace', 'namespace must have 1 to 512 bytes', null,
      jsonb_build_object('field', 'namespace'));
  end if;
  return core.require_reachable('namespace', p_namespace);
end
$$;
comment on function core.cache_require_namespace is 'Raises PT400 unless the namespace has 1 to 512 bytes and fits into a URL.';

-- The version up to which an entry with these tags is void.
create function core.cache_void_version(p_project text, p_namespace text, p_tags text[]) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(e.version), 0) from core.cache_epoch e
  where e.project = p_project and e.namespace = p_namespace and e.tag = any (p_tags || ''::text)
$$;
comment on function core.cache_void_version is 'Entries with these tags of this version and older are void; 0 where none were invalidated.';

-- Tells other processes what to drop. One hint a call: a notification serialises the commits of its channel.
create function core.cache_announce(p_project text, p_namespace text, p_type text, p_names text[], p_version bigint, p_origin text)
returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.cache_event (project, namespace, type, name, version, origin)
  select p_project, p_namespace, p_type, n.name, p_version, coalesce(p_origin, '') from unnest(p_names) as n (name) order by n.name collate "C";
  return true;
end
$$;
comment on function core.cache_announce is 'Appends events for the memory tiers of other processes.';

-- supabase/schemas/81_cache/30_read.sql

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

-- supabase/schemas/81_cache/40_write.sql

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

-- supabase/schemas/81_cache/50_follow.sql

-- The head of the events. In a copy of the database it is another one, because what happened between the two is unknown.
create function core.cache_head_of_now() returns core.cache_head
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_head core.cache_head;
  v_home text := core.xid_home();
begin
  select * into v_head from core.cache_head;
  if v_head.home = v_home then return v_head; end if;
  insert into core.cache_head as h default values on conflict on constraint cache_head_pkey do update
    set epoch = excluded.epoch, home = excluded.home, trimmed = '0' where h.home <> excluded.home;
  select * into v_head from core.cache_head;
  return v_head;
end
$$;
comment on function core.cache_head_of_now is 'The head of the events, recreated where a crash emptied it or the database was copied.';

create function core.cache_enter_namespaces(p_project text, p_namespaces text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text;
  v_name text;
begin
  if p_namespaces is null then return core.enter('cache:read', p_project); end if;
  perform core.cache_require_names('namespaces', p_namespaces, 1000);
  foreach v_name in array p_namespaces loop
    v_project := core.enter_shared('cache:read', 'cache', p_project, v_name, 'read');
  end loop;
  return v_project;
end
$$;
comment on function core.cache_enter_namespaces is 'Authorises a reader of some namespaces, or without any named of all in its project, and returns the owning project.';

-- What changed after a cursor, oldest first, of what has become final: an event of a transaction that is still open, and
-- all behind it, wait for the next call. A cursor of another epoch, or older than what is remembered, gets reset: true and
-- the present end. Without a cursor the answer has the end and no events. Without p_namespaces it is about all of the
-- caller's own project; those of another project have to be named, and each of them shared.
create function core_api.cache_poll(p_cursor text default null, p_limit int default 1000, p_project text default null,
  p_namespaces text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text;
  v_head core.cache_head;
  v_final xid8 := core.final_xid();
  v_parts text[] := string_to_array(p_cursor, ':');
  v_after xid8;
  v_after_id bigint;
  v_events jsonb := '[]';
begin
  v_project := core.cache_enter_namespaces(p_project, p_namespaces);
  v_ok := core.require_page(p_limit);
  if p_cursor is not null and p_cursor !~ '^[0-9a-f-]{36}:[0-9]{1,19}:[0-9]{1,18}$' then
    perform core.refuse('PT400', 'invalid_cursor', 'cursor must be one that cache_poll answered', null, jsonb_build_object('field', 'cursor'));
  end if;
  v_head := core.cache_head_of_now();
  if p_cursor is not null and v_parts[1] = v_head.epoch::text and v_parts[2]::xid8 >= v_head.trimmed then
    v_after := v_parts[2]::xid8;
    v_after_id := v_parts[3]::bigint;
    select coalesce(jsonb_agg(jsonb_build_object('type', e.type, 'namespace', e.namespace, 'name', e.name, 'version', e.version,
      'origin', e.origin) order by e.xid, e.id), '[]') into v_events
    from (
      select * from core.cache_event
      where project = v_project and (xid, id) > (v_after, v_after_id) and xid < v_final
        and (p_namespaces is null or namespace = any (p_namespaces))
      order by xid, id limit p_limit
    ) e;
    if jsonb_array_length(v_events) = p_limit then
      select e.xid, e.id into v_after, v_after_id from core.cache_event e
      where e.project = v_project and (e.xid, e.id) > (v_after, v_after_id) and e.xid < v_final
        and (p_namespaces is null or e.namespace = any (p_namespaces))
      order by e.xid, e.id offset p_limit - 1 limit 1;
      return jsonb_build_object('ok', true, 'reset', false, 'events', v_events, 'more', true,
        'cursor', concat_ws(':', v_head.epoch, v_after, v_after_id));
    end if;
  end if;
  -- Everything below the final number is known: the next call begins there.
  return jsonb_build_object('ok', true, 'reset', p_cursor is not null and v_after is null, 'events', v_events, 'more', false,
    'cursor', concat_ws(':', v_head.epoch, v_final, 0));
end
$$;
comment on function core_api.cache_poll is 'What other processes changed in a project''s caches since a cursor.';
revoke execute on function core_api.cache_poll from public;
grant execute on function core_api.cache_poll to core_member, service_role;

-- Wakes the processes that follow a project's caches: they look at once instead of with their next poll. A call of its
-- own, after the change and for many at a time, because a notification inside the transaction of the change would
-- serialise commits. A hint that is lost costs one poll. p_origin comes back to who listens.
create function core_api.cache_hint(p_namespace text, p_origin text default '', p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
begin
  v_ok := core.cache_require_namespace(p_namespace);
  if p_origin is null or length(p_origin) > 100 then
    perform core.refuse('PT400', 'invalid_origin', 'origin must be a text of at most 100 characters', null, jsonb_build_object('field', 'origin'));
  end if;
  perform pg_notify('core_cache', v_project || ':' || p_origin);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.cache_hint is 'Wakes the processes that follow a project''s caches. A hint: what changed is in cache_poll.';
revoke execute on function core_api.cache_hint from public;
grant execute on function core_api.cache_hint to core_member, service_role;

-- supabase/schemas/81_cache/60_sweep.sql

-- Clean-up has four triggers: the timer of each cache, the loop of the control plane, 1 in 80 writes, and pg_cron where it is.
-- One caller at a time; what a call deletes is bounded.

-- Deletes what is gone: entries, leases, old events, epochs that void nothing; then, in a project that keeps more than it
-- may, the entries that end first. At most p_limit of each; one caller at a time, the others answer 0.
create function core_api.cache_sweep(p_limit int default 1000, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  -- The scope to write is enough to sweep: it deletes nothing that could still be read, and what is over
  -- bounds only of its owner.
  perform core.authorize('cache:write', coalesce(p_project, core.claims() ->> 'project'));
  v_ok := core.require_page(p_limit);
  return core.cache_sweep_once(p_limit);
end
$$;
comment on function core_api.cache_sweep is 'Deletes cached values that are gone and those beyond a project''s bounds, at most p_limit of each.';
revoke execute on function core_api.cache_sweep from public;
grant execute on function core_api.cache_sweep to core_member, service_role;

-- Rows are deleted by their place (ctid), under the lock that found it: joined by key, the planner reads the whole table.
create function core.cache_sweep_once(p_limit int, p_counted_within interval default '1 minute') returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_entries int;
  v_evicted int;
  v_trimmed xid8;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('core.cache_sweep', 0)) then
    return jsonb_build_object('ok', true, 'swept', 0, 'evicted', 0);
  end if;
  delete from core.cache_entry where ctid = any (array(
    select ctid from core.cache_entry where gone_at <= v_now order by gone_at limit p_limit for update skip locked));
  get diagnostics v_entries = row_count;
  delete from core.cache_lease where ctid = any (array(
    select ctid from core.cache_lease where ends_at < v_now - interval '1 minute' limit p_limit for update skip locked));
  with deleted as (
    delete from core.cache_event where ctid = any (array(
      select ctid from core.cache_event where at < v_now - interval '10 minutes' order by at limit p_limit * 10)) returning xid
  )
  select max(xid) into v_trimmed from deleted;
  update core.cache_head set trimmed = greatest(trimmed, v_trimmed) where v_trimmed is not null;
  v_entries := v_entries + core.cache_sweep_epochs(p_limit);
  v_evicted := core.cache_evict(p_limit, p_counted_within);
  return jsonb_build_object('ok', true, 'swept', v_entries, 'evicted', v_evicted);
end
$$;
comment on function core.cache_sweep_once is 'One bounded clean-up of every project; answers 0 while another runs.';

-- Deletes what was invalidated, namespace by namespace, the one with the oldest invalidation first: looks at p_limit * 5 keys in
-- all, in each namespace after those of the last call. When it has seen all keys of one, the invalidations that it began with
-- void nothing any more and are deleted. Ten minutes old at least: a load that began before it is over, as for a deleted key.
create function core.cache_sweep_epochs(p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_since timestamptz := clock_timestamp() - interval '10 minutes';
  v_epoch core.cache_epoch;
  v_left int := p_limit * 5;
  v_seen int;
  v_last text;
  v_void text[];
  v_count int;
  v_deleted int := 0;
begin
  for v_namespace in 1 .. least(p_limit, 200) loop
    select * into v_epoch from core.cache_epoch where at < v_since order by at limit 1 for update skip locked;
    exit when not found;
    v_epoch.swept_version := coalesce(v_epoch.swept_version, (select max(e.version) from core.cache_epoch e
      where e.project = v_epoch.project and e.namespace = v_epoch.namespace and e.at < v_since));
    select count(*), max(k.key), coalesce(array_agg(k.key) filter (where exists (select from core.cache_epoch e
        where e.project = v_epoch.project and e.namespace = v_epoch.namespace and e.tag = any (k.tags || ''::text) and e.version >= k.version)), '{}')
    into v_seen, v_last, v_void
    from (
      select c.key, c.tags, c.version from core.cache_entry c
      where c.project = v_epoch.project and c.namespace = v_epoch.namespace and c.key > coalesce(v_epoch.swept_to, '')
      order by c.key limit v_left
    ) k;
    delete from core.cache_entry where ctid = any (array(
      select c.ctid from core.cache_entry c
      where c.project = v_epoch.project and c.namespace = v_epoch.namespace and c.key = any (v_void)
        and c.version <= core.cache_void_version(c.project, c.namespace, c.tags)
      for update skip locked));
    get diagnostics v_count = row_count;
    v_deleted := v_deleted + v_count;
    -- One that is being written now may stay as it is: the next call looks again.
    exit when v_count < cardinality(v_void);
    if v_seen = v_left then
      update core.cache_epoch set swept_to = v_last, swept_version = v_epoch.swept_version
      where project = v_epoch.project and namespace = v_epoch.namespace and tag = v_epoch.tag;
      exit;
    end if;
    delete from core.cache_epoch
    where project = v_epoch.project and namespace = v_epoch.namespace and at < v_since and version <= v_epoch.swept_version;
    v_left := v_left - v_seen;
  end loop;
  return v_deleted;
end
$$;
comment on function core.cache_sweep_epochs is 'Deletes entries that were invalidated, and invalidations that void nothing any more; how many entries.';

-- A project may keep 1,000,000 entries and 1 GB, and 100,000 invalidations. Counted at most once a minute, which reads every entry:
-- a write does it only where no sweep has for ten minutes. A project that is over loses its own entries, those first that end
-- first, and with too many invalidations all of them.
create function core.cache_evict(p_limit int, p_counted_within interval) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_evicted int := 0;
  v_over record;
begin
  if not exists (select from core.cache_usage where counted_at > (select clock_timestamp() - p_counted_within)) then
    perform core.cache_count();
  end if;
  for v_over in select * from core.cache_usage where entries > 1000000 or bytes > 1073741824 order by project loop
    with deleted as (
      delete from core.cache_entry where ctid = any (array(
        select e.ctid from core.cache_entry e where e.project = v_over.project
        order by e.gone_at
        limit greatest(p_limit, least(50000, v_over.entries - 1000000)) for update skip locked)) returning size
    ), counted as (
      select count(*) as entries, coalesce(sum(size), 0) as bytes from deleted
    ), kept as (
      update core.cache_usage u set entries = u.entries - c.entries, bytes = u.bytes - c.bytes
      from counted c where u.project = v_over.project
    )
    select v_evicted + c.entries into v_evicted from counted c;
  end loop;
  for v_over in select * from core.cache_usage where epochs > 100000 order by project loop
    v_evicted := v_evicted + core.cache_forget_project(v_over.project);
  end loop;
  return v_evicted;
end
$$;
comment on function core.cache_evict is 'Deletes entries of projects that keep more than they may; how many.';

create function core.cache_count() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from core.cache_usage;
  insert into core.cache_usage (project, entries, bytes, epochs, counted_at)
  select coalesce(e.project, t.project), coalesce(e.entries, 0), coalesce(e.bytes, 0), coalesce(t.epochs, 0), clock_timestamp()
  from (select project, count(*) as entries, sum(size) as bytes from core.cache_entry group by project) e
  full join (select project, count(*) as epochs from core.cache_epoch group by project) t on t.project = e.project
  order by 1;
end
$$;
comment on function core.cache_count is 'Counts what each project keeps.';

-- Everything that a project keeps: it has more invalidations than may be remembered, and no entry may outlive one that is
-- forgotten. The last ten minutes of them stay, for loads that began before.
create function core.cache_forget_project(p_project text) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_deleted int;
begin
  delete from core.cache_entry where project = p_project;
  get diagnostics v_deleted = row_count;
  delete from core.cache_epoch where project = p_project and at < (select clock_timestamp() - interval '10 minutes');
  update core.cache_usage set entries = 0, bytes = 0, epochs = 0 where project = p_project;
  return v_deleted;
end
$$;
comment on function core.cache_forget_project is 'Deletes every entry of a project, and all but its latest invalidations; how many entries.';

-- A project that is a tenth over its bounds, as last counted, makes room for what it writes: a fast writer would outrun the
-- sweeps. Any of its own entries, found by the primary key: no order is worth a scan in a write.
create function core.cache_make_room(p_project text, p_entries int) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.cache_usage where project = p_project and (entries > 1100000 or bytes > 1181116006)) then
    return true;
  end if;
  delete from core.cache_entry where ctid = any (array(
    select e.ctid from core.cache_entry e where e.project = p_project limit p_entries for update skip locked));
  return true;
end
$$;
comment on function core.cache_make_room is 'Deletes as many entries as are to be written where a project is far over its bounds.';

-- Where pg_cron is installed in this database, a sweep every minute, so that a cache is cleaned though no program runs.
create function core_api.cache_schedule() returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('cache:operate', null);
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    return jsonb_build_object('ok', true, 'scheduled', false);
  end if;
  execute 'select cron.schedule($1, $2, $3)' using 'core_cache_sweep', '* * * * *', 'select core_api.cache_sweep()';
  return jsonb_build_object('ok', true, 'scheduled', true);
exception when others then -- a migration must not fail for it
  return jsonb_build_object('ok', true, 'scheduled', false, 'reason', sqlerrm);
end
$$;
comment on function core_api.cache_schedule is 'Sweeps by pg_cron every minute where it is installed; idempotent. Owner only.';
revoke execute on function core_api.cache_schedule from public;
grant execute on function core_api.cache_schedule to service_role;
select core_api.cache_schedule();

-- What a project keeps, by namespace: at most 1,000 of them, of the entries that are not gone.
create function core_api.cache_stats(p_namespace text default null, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := case when p_namespace is null then core.enter('cache:read', p_project)
    else core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read') end;
  v_rows jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('namespace', n.namespace, 'entries', n.entries, 'bytes', n.bytes, 'stale', n.stale,
    'oldest_gone_at', n.oldest) order by n.namespace), '[]') into v_rows
  from (
    select namespace, count(*) as entries, sum(size) as bytes, count(*) filter (where fresh_until <= (select clock_timestamp())) as stale,
      min(gone_at) as oldest
    from core.cache_entry
    where project = v_project and (p_namespace is null or namespace = p_namespace) and value is not null and gone_at > (select clock_timestamp())
    group by namespace order by namespace limit 1000
  ) n;
  return jsonb_build_object('ok', true, 'project', v_project, 'namespaces', v_rows);
end
$$;
comment on function core_api.cache_stats is 'Entries and bytes that a project keeps in the shared tier, by namespace.';
revoke execute on function core_api.cache_stats from public;
grant execute on function core_api.cache_stats to core_member, service_role;

-- supabase/schemas/81_cache/70_list.sql

-- What a namespace keeps, by key: no values. p_after: the `next` of the page before. Looks at ten times p_limit keys at most, so
-- that a page may have fewer than p_limit of them though others follow: what was voided is still there until a sweep finds it.
create function core_api.cache_list(p_namespace text, p_after text default null, p_limit int default 100, p_project text default null)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
  v_cleared bigint := core.cache_void_version(v_project, p_namespace, '{}');
  v_most int;
  v_seen int;
  v_last text;
  v_rows jsonb;
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.require_page(p_limit);
  v_most := p_limit * 10;
  with seen as materialized (
    select c.key, c.size, c.tags, c.version, c.writer, c.fresh_until, c.gone_at, c.value is not null as is_entry from core.cache_entry c
    where c.project = v_project and c.namespace = p_namespace and c.key > coalesce(p_after, '')
    order by c.key limit v_most
  ), page as (
    select s.* from seen s
    where s.is_entry and s.gone_at > clock_timestamp() and s.version > v_cleared and (s.tags = '{}' or not exists (
      select from core.cache_epoch e
      where e.project = v_project and e.namespace = p_namespace and e.tag = any (s.tags) and e.version >= s.version))
    order by s.key limit p_limit
  )
  select (select count(*) from seen), (select max(s.key) from seen s), (
    select coalesce(jsonb_agg(jsonb_build_object('key', p.key, 'size', p.size, 'tags', p.tags, 'version', p.version, 'writer', p.writer,
      'fresh_until', p.fresh_until, 'gone_at', p.gone_at) order by p.key), '[]') from page p)
  into v_seen, v_last, v_rows;
  return jsonb_build_object('ok', true, 'entries', v_rows, 'next', case
    when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'key'
    when v_seen = v_most then v_last end);
end
$$;
comment on function core_api.cache_list is 'The keys of a namespace with size, tags, times and writer, page by page.';
revoke execute on function core_api.cache_list from public;
grant execute on function core_api.cache_list to core_member, service_role;

-- The shared tier of all projects in figures. What is counted is at most a minute old where sweeps run.
create function core_api.cache_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('cache:read', null);
  return (
    select jsonb_build_object('ok', true, 'projects', count(*), 'entries', coalesce(sum(u.entries), 0), 'bytes', coalesce(sum(u.bytes), 0),
      'expiry_lag_s', coalesce((select greatest(0, extract(epoch from clock_timestamp() - min(e.gone_at))) from core.cache_entry e), 0))
    from core.cache_usage u);
end
$$;
comment on function core_api.cache_totals is 'Entries and bytes of the shared tier, and how far sweeps are behind. Owner only.';
revoke execute on function core_api.cache_totals from public;
grant execute on function core_api.cache_totals to service_role;

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
