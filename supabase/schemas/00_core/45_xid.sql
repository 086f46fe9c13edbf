-- Transaction numbers that survive a copy. Postgres counts transactions per cluster, but the data moves: restored into a
-- fresh cluster, new rows would get numbers inside ranges that were sealed and published. So every stored number and every
-- cursor over one is the cluster's number plus a base, and restore_finish raises the base once after a copy.

-- Which database of which cluster this is.
create function core.xid_home() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select system_identifier || '/' || (select oid from pg_database where datname = current_database()) from pg_control_system()
$$;
comment on function core.xid_home is 'The cluster and the database of this connection.';

create table core.xid_head (
  singleton boolean constraint xid_head_pkey primary key default true constraint xid_head_one_row check (singleton),
  base bigint not null default 0 constraint xid_head_base_positive check (base >= 0),
  home text not null default core.xid_home()
);
comment on table core.xid_head is 'What is added to the transaction numbers of this cluster, and the database for which restore_finish last ran.';
insert into core.xid_head default values;

create table core.xid_source (
  relation text collate "C" not null,
  attribute text collate "C" not null,
  is_bound boolean not null,
  constraint xid_source_pkey primary key (relation, attribute)
);
comment on table core.xid_source is 'The columns that hold transaction numbers. A noun inserts its own.';
comment on column core.xid_source.is_bound is 'Whether the number itself is not taken: it is the first one after a range.';

create function core.xid_base() returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select base from core.xid_head
$$;
comment on function core.xid_base is 'What is added to the transaction numbers of this cluster.';

create function core.xid() returns xid8
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select (pg_current_xact_id()::text::bigint + core.xid_base())::text::xid8
$$;
comment on function core.xid is 'The number of this transaction.';

create function core.final_xid() returns xid8
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + core.xid_base())::text::xid8
$$;
comment on function core.final_xid is 'Every transaction with a smaller number has ended: no row with such a number can appear any more.';

-- The number that the next transaction gets: every stored number is smaller. Its own, where the snapshot is older.
create function core.next_xid() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    coalesce(pg_current_xact_id_if_assigned()::text::bigint + 1, 0)) + core.xid_base()
$$;
comment on function core.next_xid is 'The number that no transaction has had yet.';

create function core.refuse_unfinished(p_stored bigint, p_next bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT409', 'restore_unfinished',
    format('the database holds transaction number %s, but this server has only reached %s: the data was copied here', p_stored, p_next),
    'Run `select core_api.restore_finish()` once as the owner of the database.',
    jsonb_build_object('stored', p_stored, 'next', p_next));
end
$$;
comment on function core.refuse_unfinished is 'Raises PT409: restore_finish has to run first.';

-- p_last: the greatest number among the rows that the caller adds to. It is greater than this transaction's own only
-- where others ran beside it, or where the data came from another cluster. p_base: that of core.xid_head, which the caller's
-- statement reads.
create function core.xid_after(p_last xid8, p_base bigint) returns xid8
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_xid xid8 := pg_current_xact_id();
begin
  -- core.xid() written out: this is on the path of every posting, and a function inside costs as much as the rest.
  if p_base > 0 then v_xid := (v_xid::text::bigint + p_base)::text::xid8; end if;
  if p_last > v_xid and p_last::text::bigint >= core.next_xid() then
    perform core.refuse_unfinished(p_last::text::bigint, core.next_xid());
  end if;
  return v_xid;
end
$$;
comment on function core.xid_after is 'The number of this transaction; PT409 where a stored number is beyond those of this server.';

create function core.stored_xid() returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_source core.xid_source;
  v_found bigint;
  v_greatest bigint := 0;
begin
  for v_source in select * from core.xid_source order by relation, attribute loop
    execute format('select %I::text::bigint from %s order by %1$I desc limit 1', v_source.attribute, v_source.relation::regclass) into v_found;
    v_greatest := greatest(v_greatest, v_found - v_source.is_bound::int);
  end loop;
  return v_greatest;
end
$$;
comment on function core.stored_xid is 'The greatest transaction number in any table; 0 where there is none.';

-- Asked at the start of a control plane and by the doctor.
create function core_api.restore_status() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_stored bigint;
  v_next bigint;
begin
  perform core.authorize('system:operate', null);
  v_stored := core.stored_xid();
  v_next := core.next_xid();
  return jsonb_build_object('ok', true, 'finished', v_stored < v_next, 'stored', v_stored, 'next', v_next);
end
$$;
comment on function core_api.restore_status is 'Whether restore_finish has to run, because the data was copied from another cluster. Owner only.';
revoke execute on function core_api.restore_status from public;
grant execute on function core_api.restore_status to service_role;

-- Run once after the data was copied to another cluster (dump and restore, embedded to server). Raises the base, so that
-- every new number is greater than every stored one, and gives the event log a new epoch, so that readers read it again.
-- Idempotent. Locks: the base.
create function core_api.restore_finish() returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_head core.xid_head;
  v_stored bigint;
  v_base bigint;
begin
  perform core.authorize('system:operate', null);
  select * into v_head from core.xid_head for no key update;
  v_stored := core.stored_xid();
  v_base := v_head.base;
  if v_stored >= core.next_xid() then
    -- Beyond it for the calls that are running now, too.
    v_base := v_stored + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  elsif v_head.home = core.xid_home() then
    return jsonb_build_object('ok', true, 'changed', false, 'base', v_base);
  end if;
  update core.xid_head set base = v_base, home = core.xid_home();
  update core.event_head set epoch = gen_random_uuid();
  perform core.audit('system.restore', 'database', null, to_jsonb(v_head), jsonb_build_object('base', v_base, 'home', core.xid_home()));
  return jsonb_build_object('ok', true, 'changed', true, 'base', v_base);
end
$$;
comment on function core_api.restore_finish is 'Continues the transaction numbers after the data was copied to another cluster. Idempotent. Owner only.';
revoke execute on function core_api.restore_finish from public;
grant execute on function core_api.restore_finish to service_role;
