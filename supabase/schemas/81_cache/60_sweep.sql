-- Deletes what is gone: entries, leases, old events; then, in a project that keeps more than it may, the entries that end
-- first. At most p_limit of each; one caller at a time, the others answer 0.
create function core_api.cache_sweep(p_limit int default 1000, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_entries int;
  v_evicted int;
  v_trimmed xid8;
begin
  -- The scope to write is enough to sweep: it deletes nothing that could still be read, and what is over
  -- bounds only of its owner.
  perform core.authorize('cache:write', coalesce(p_project, core.claims() ->> 'project'));
  v_ok := core.require_page(p_limit);
  if not pg_try_advisory_xact_lock(hashtextextended('core.cache_sweep', 0)) then
    return jsonb_build_object('ok', true, 'swept', 0, 'evicted', 0);
  end if;
  with gone as (
    select project, namespace, key from core.cache_entry where gone_at <= clock_timestamp() order by gone_at limit p_limit
    for update skip locked
  ), deleted as (
    delete from core.cache_entry e using gone g
    where e.project = g.project and e.namespace = g.namespace and e.key = g.key returning 1
  )
  select count(*) into v_entries from deleted;
  delete from core.cache_lease l using (
    select project, namespace, key from core.cache_lease where ends_at < clock_timestamp() - interval '1 minute' limit p_limit
    for update skip locked
  ) g where l.project = g.project and l.namespace = g.namespace and l.key = g.key;
  with old as (
    select id from core.cache_event where at < clock_timestamp() - interval '10 minutes' order by at limit p_limit * 10
  ), deleted as (
    delete from core.cache_event e using old o where e.id = o.id returning e.xid
  )
  select max(xid) into v_trimmed from deleted;
  update core.cache_head set trimmed = greatest(trimmed, v_trimmed) where v_trimmed is not null;
  v_evicted := core.cache_evict(p_limit);
  return jsonb_build_object('ok', true, 'swept', v_entries, 'evicted', v_evicted);
end
$$;
comment on function core_api.cache_sweep is 'Deletes cached values that are gone and those beyond a project''s bounds, at most p_limit of each.';
revoke execute on function core_api.cache_sweep from public;
grant execute on function core_api.cache_sweep to core_member, service_role;

-- A project may keep 1,000,000 entries and 1 GB. Counted at most once a minute; a project that is over loses its own
-- entries, those first that end first.
create function core.cache_evict(p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_evicted int := 0;
  v_over record;
  v_count int;
begin
  if not exists (select from core.cache_usage where counted_at > clock_timestamp() - interval '1 minute') then
    delete from core.cache_usage;
    insert into core.cache_usage (project, entries, bytes, counted_at)
    select project, count(*), coalesce(sum(size), 0), clock_timestamp() from core.cache_entry group by project order by project;
  end if;
  for v_over in select project from core.cache_usage where entries > 1000000 or bytes > 1073741824 order by project loop
    with first as (
      select project, namespace, key from core.cache_entry where project = v_over.project order by gone_at limit p_limit
      for update skip locked
    ), deleted as (
      delete from core.cache_entry e using first f
      where e.project = f.project and e.namespace = f.namespace and e.key = f.key returning e.size
    ), counted as (
      select count(*) as entries, coalesce(sum(size), 0) as bytes from deleted
    )
    update core.cache_usage u set entries = u.entries - c.entries, bytes = u.bytes - c.bytes
    from counted c where u.project = v_over.project returning c.entries into v_count;
    v_evicted := v_evicted + v_count;
  end loop;
  return v_evicted;
end
$$;
comment on function core.cache_evict is 'Deletes entries of projects that keep more than they may; how many.';

-- What a project keeps, by namespace: at most 1,000 of them, of the entries that are not gone.
create function core_api.cache_stats(p_namespace text default null, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := case when p_namespace is null then core.enter('cache:read', p_project)
    else core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read') end;
  v_rows jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('namespace', n.namespace, 'entries', n.entries, 'bytes', n.bytes, 'stale', n.stale,
    'oldest_gone_at', n.oldest) order by n.namespace), '[]') into v_rows
  from (
    select namespace, count(*) as entries, sum(size) as bytes, count(*) filter (where fresh_until <= clock_timestamp()) as stale,
      min(gone_at) as oldest
    from core.cache_entry
    where project = v_project and (p_namespace is null or namespace = p_namespace) and value is not null and gone_at > clock_timestamp()
    group by namespace order by namespace limit 1000
  ) n;
  return jsonb_build_object('ok', true, 'project', v_project, 'namespaces', v_rows);
end
$$;
comment on function core_api.cache_stats is 'Entries and bytes that a project keeps in the shared tier, by namespace.';
revoke execute on function core_api.cache_stats from public;
grant execute on function core_api.cache_stats to core_member, service_role;
