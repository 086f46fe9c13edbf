-- Rate limits that several control planes share: permits are given out here and spent in the processes' memory.

-- A lease counts from the moment it is given until no window can reach the moments in which it may be spent: cells are
-- 1/60 of a window, a lease is booked in the cell in which it ends, and booked cells count until they are 60 cells old.
create unlogged table core.limit_window (
  key text collate "C" constraint limit_window_pkey primary key,
  cells bigint[] not null default '{}',
  permits bigint[] not null default '{}',
  expires_at timestamptz not null default clock_timestamp()
);
comment on table core.limit_window is 'Permits given out per limited key, by the cell in which their lease ends. Unlogged: a crash of the server forgets one window.';

-- Gives a lease of each key, of which none is named twice: locks their rows in order, takes back what came back unspent, and books
-- what still fits. One statement for all of them: to begin one costs as much as a lease.
create function core.limit_give(p_wants jsonb, p_lease_ms bigint) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_now_ms bigint;
  v_leases jsonb;
begin
  -- Locks a row that is there, and makes it again where limit_trim has just deleted it.
  insert into core.limit_window as l (key) select w ->> 'key' from jsonb_array_elements(p_wants) w order by w ->> 'key' collate "C"
  on conflict (key) do update set key = l.key where false;
  v_now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
  with want as materialized (
    select w.*, (w.window_ms + 59) / 60 as cell_ms, (v_now_ms + coalesce(w.lease_ms, p_lease_ms)) / ((w.window_ms + 59) / 60) as ends
    from jsonb_to_recordset(p_wants) as w (key text, "limit" bigint, window_ms bigint, want bigint, unspent jsonb, lease_ms bigint)
  ), given as materialized (
    select n.key, n.cell_ms, n.ends, c.cells, c.permits, greatest(least(n.want, n."limit" - c.booked), 0) as given, n."limit" - c.booked as room
    from want n join core.limit_window l on l.key = n.key
    cross join lateral (
      select coalesce(array_agg(k.cell order by k.cell), '{}') as cells, coalesce(array_agg(k.permits order by k.cell), '{}') as permits,
        coalesce(sum(k.permits), 0)::bigint as booked
      from (
        select b.cell, sum(b.permits)::bigint as permits
        from (
          select unnest(l.cells) as cell, unnest(l.permits) as permits
          union all
          select (u ->> 0)::bigint, - greatest((u ->> 1)::bigint, 0) from jsonb_array_elements(n.unspent) u
        ) b
        where b.cell >= v_now_ms / n.cell_ms - 60
        group by b.cell
        having sum(b.permits) > 0) k) c
  ), booked as (
    update core.limit_window l set
      cells = g.cells || case when g.given > 0 then array[g.ends] else '{}' end,
      permits = g.permits || case when g.given > 0 then array[g.given] else '{}' end,
      expires_at = to_timestamp((g.ends + 61) * g.cell_ms / 1000.0)
    from given g where l.key = g.key
  )
  select jsonb_agg(jsonb_build_object('key', g.key, 'cell', g.ends, 'given', g.given, 'left', greatest(g.room - g.given, 0),
    'reset_ms', coalesce((g.cells[1] + 61) * g.cell_ms - v_now_ms, 0)) order by g.key) into v_leases from given g;
  return v_leases;
end
$$;
comment on function core.limit_give is 'Books at most as many permits of each key as are wanted and still fit into its window.';

-- Leases of several keys at once: [{key, limit, window_ms, want, unspent: [[cell, permits]], lease_ms}]; lease_ms null is p_lease_ms.
-- Not idempotent: report what came back unspent once. Locks the keys in order.
create function core_api.limit_lease(p_wants jsonb, p_lease_ms bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_ok boolean;
  v_leases jsonb := '[]';
  v_wants jsonb;
begin
  v_ok := core.authorize('limit:lease', null);
  v_ok := core.require_exact('wants', p_wants);
  if p_wants is null or jsonb_typeof(p_wants) <> 'array' or jsonb_array_length(p_wants) > 1000 then
    perform core.refuse('PT400', 'invalid_wants', 'wants must be a list of at most 1000', null, jsonb_build_object('field', 'wants'));
  elsif p_lease_ms is null or p_lease_ms not between 1 and 3600000 or p_wants @? '$[*].lease_ms ? (@ < 1 || @ > 3600000)' then
    perform core.refuse('PT400', 'invalid_lease', 'a lease lasts 1 ms to an hour', null, jsonb_build_object('field', 'lease_ms'));
  end if;
  -- What names a key again comes after what named it first.
  for v_wants in
    select jsonb_agg(w.value) from (
      select v.value, row_number() over (partition by v.value ->> 'key' order by v.nth) as turn
      from jsonb_array_elements(p_wants) with ordinality as v (value, nth)) w
    group by w.turn order by w.turn
  loop
    v_leases := v_leases || core.limit_give(v_wants, p_lease_ms);
  end loop;
  return jsonb_build_object('ok', true, 'leases', v_leases);
end
$$;
comment on function core_api.limit_lease is 'Permits of rate limits for a process to spend within p_lease_ms; takes back what it did not spend. Owner only.';
revoke execute on function core_api.limit_lease from public;
grant execute on function core_api.limit_lease to service_role;

-- Deletes keys that were not used for a window.
create function core_api.limit_trim(p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('limit:lease', null);
  if p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', 'Call again while trimmed is not 0.', jsonb_build_object('field', 'limit'));
  end if;
  with old as (
    select key from core.limit_window where expires_at < (select clock_timestamp()) limit p_limit for update skip locked
  )
  delete from core.limit_window w using old where w.key = old.key;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'trimmed', v_count);
end
$$;
comment on function core_api.limit_trim is 'Deletes the windows of keys that were not used lately, at most p_limit.';
revoke execute on function core_api.limit_trim from public;
grant execute on function core_api.limit_trim to service_role;
