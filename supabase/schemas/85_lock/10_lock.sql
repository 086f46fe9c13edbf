-- Locks: one holder at a time for a name, for a time, under a fence. Leadership is a lock that is held for long.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('lock:take', 'Acquire, renew and release locks', '{operator,admin,owner}', true, null);

insert into core.share_kind (name, rights, summary) values
  ('lock', '{work}', 'A lock: work acquires, renews and releases it');

create table core.lock (
  project text collate "C" not null,
  name text collate "C" not null,
  holder text not null,
  fence bigint not null default nextval('core.fence'),
  acquired_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null,
  acquired_by text not null default core.actor(),
  constraint lock_pkey primary key (project, name)
) with (fillfactor = 70);
comment on table core.lock is 'Who holds which lock. One whose ends_at has passed is free, also before its row is swept.';
create index lock_age_idx on core.lock (ends_at);

create function core.lock_view(p_lock core.lock) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_lock.name, 'holder', p_lock.holder, 'fence', p_lock.fence, 'acquired_at', p_lock.acquired_at,
    'ends_at', p_lock.ends_at)
$$;
comment on function core.lock_view is 'A lock as the API shows it.';

create function core.lock_require(p_name text, p_ttl_s int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_text('name', p_name, 200);
  v_ok := core.require_reachable('name', p_name);
  return core.require_range('ttl_s', p_ttl_s, 1, 86400);
end
$$;
comment on function core.lock_require is 'Raises PT400 unless name and time of a lock are in range.';

-- Acquires a lock, or answers who holds it (lock_held). The same holder gets the lock that it holds again, renewed and
-- under the same fence, so that a call whose answer was lost can be sent again. A project has at most 10,000.
-- Locks: the lock; for a new name the project's names.
create function core_api.lock_acquire(p_name text, p_holder text, p_ttl_s int default 30, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('lock:take', 'lock', p_project, p_name, 'work');
  v_row core.lock;
begin
  v_ok := core.lock_require(p_name, p_ttl_s);
  v_ok := core.require_text('holder', p_holder, 200);
  v_ok := core.require_project(v_project);
  if not exists (select from core.lock where project = v_project and name = p_name) then
    perform pg_advisory_xact_lock(hashtextextended('lock:' || v_project, 0));
    if (select count(*) from (select from core.lock where project = v_project limit 10000) l) >= 10000 then
      delete from core.lock where project = v_project and ends_at <= (select clock_timestamp());
      if not found then return core.bound_reached('locks', 10000); end if;
    end if;
  end if;
  insert into core.lock as l (project, name, holder, ends_at)
  values (v_project, p_name, p_holder, clock_timestamp() + make_interval(secs => p_ttl_s))
  on conflict on constraint lock_pkey do update set
    holder = excluded.holder, ends_at = excluded.ends_at, acquired_by = excluded.acquired_by,
    fence = case when l.holder = excluded.holder and l.ends_at > clock_timestamp() then l.fence else excluded.fence end,
    acquired_at = case when l.holder = excluded.holder and l.ends_at > clock_timestamp() then l.acquired_at else excluded.acquired_at end
  where l.ends_at <= clock_timestamp() or l.holder = excluded.holder
  returning * into v_row;
  if v_row.name is not null then return jsonb_build_object('ok', true) || core.lock_view(v_row); end if;
  select * into v_row from core.lock where project = v_project and name = p_name;
  return jsonb_build_object('ok', false, 'code', 'lock_held', 'name', p_name, 'holder', v_row.holder, 'ends_at', v_row.ends_at);
end
$$;
comment on function core_api.lock_acquire is 'Acquires a lock for a time, under a fence; lock_held names the holder.';
revoke execute on function core_api.lock_acquire from public;
grant execute on function core_api.lock_acquire to core_member, service_role;

-- Keeps a lock. One that has ended is lost (lock_lost), also when no one has it since. Locks: the lock.
create function core_api.lock_renew(p_name text, p_fence bigint, p_ttl_s int default 30, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('lock:take', 'lock', p_project, p_name, 'work');
  v_row core.lock;
begin
  v_ok := core.lock_require(p_name, p_ttl_s);
  update core.lock l set ends_at = clock_timestamp() + make_interval(secs => p_ttl_s)
  where l.project = v_project and l.name = p_name and l.fence = p_fence and l.ends_at > clock_timestamp() returning * into v_row;
  if v_row.name is null then return jsonb_build_object('ok', false, 'code', 'lock_lost', 'name', p_name, 'fence', p_fence); end if;
  return jsonb_build_object('ok', true) || core.lock_view(v_row);
end
$$;
comment on function core_api.lock_renew is 'Keeps a lock under its fence; one that has ended is lost.';
revoke execute on function core_api.lock_renew from public;
grant execute on function core_api.lock_renew to core_member, service_role;

-- Releases a lock. Idempotent: released is false where it was lost or released before. Locks: the lock.
create function core_api.lock_release(p_name text, p_fence bigint, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('lock:take', 'lock', p_project, p_name, 'work');
begin
  v_ok := core.require_text('name', p_name, 200);
  delete from core.lock where project = v_project and name = p_name and fence = p_fence and ends_at > clock_timestamp();
  return jsonb_build_object('ok', true, 'released', found);
end
$$;
comment on function core_api.lock_release is 'Releases a lock under its fence.';
revoke execute on function core_api.lock_release from public;
grant execute on function core_api.lock_release to core_member, service_role;

-- The locks of a project that are held, by name. p_after: the last name of the page before.
create function core_api.lock_list(p_after text default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('lock:take', p_project);
  v_rows jsonb;
  v_next text;
begin
  v_ok := core.require_page(p_limit);
  with page as (
    select l.* from core.lock l where l.project = v_project and l.ends_at > (select clock_timestamp()) and (p_after is null or l.name > p_after)
    order by l.name limit p_limit
  )
  select coalesce(jsonb_agg(core.lock_view(p::core.lock) order by p.name), '[]'), case when count(*) = p_limit then max(p.name) end
  into v_rows, v_next from page p;
  return jsonb_build_object('ok', true, 'locks', v_rows, 'next', v_next);
end
$$;
comment on function core_api.lock_list is 'The locks of a project that are held, by name.';
revoke execute on function core_api.lock_list from public;
grant execute on function core_api.lock_list to core_member, service_role;

-- Deletes locks that ended an hour ago, at most p_limit. Owner only.
create function core_api.lock_sweep(p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('lock:sweep', null);
  v_ok := core.require_page(p_limit);
  with old as (
    select project, name from core.lock where ends_at < (select clock_timestamp() - interval '1 hour') order by ends_at limit p_limit for update skip locked
  )
  delete from core.lock l using old where l.project = old.project and l.name = old.name;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.lock_sweep is 'Deletes locks that ended an hour ago. Owner only.';
revoke execute on function core_api.lock_sweep from public;
grant execute on function core_api.lock_sweep to service_role;

-- Locks that are held, of all projects, in figures: at most 100,000 of them. Owner only.
create function core_api.lock_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('lock:sweep', null);
begin
  return (select jsonb_build_object('ok', true, 'held', count(*), 'oldest_s', coalesce(extract(epoch from clock_timestamp() - min(h.acquired_at)), 0)::float8)
    from (select acquired_at from core.lock where ends_at > (select clock_timestamp()) limit 100000) h);
end
$$;
comment on function core_api.lock_totals is 'Locks that are held, of all projects, in figures. Owner only.';
revoke execute on function core_api.lock_totals from public;
grant execute on function core_api.lock_totals to service_role;
