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
