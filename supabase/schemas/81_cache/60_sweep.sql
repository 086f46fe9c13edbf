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
