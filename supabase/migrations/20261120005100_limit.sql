-- Generated from supabase/schemas/50_limit by `npm run generate`. Do not edit.

-- supabase/schemas/50_limit/10_lease.sql

-- Rate limits that several control planes share: permits are given out here and spent in the processes' memory.

-- A lease counts from the moment it is given until no window can reach the moments in which it may be spent: cells are
-- 1/60 of a window, a lease is booked in the cell in which it ends, and booked cells count until they are 60 cells old.
create unlogged table core.limit_window (
  key text constraint limit_window_pkey primary key,
  cells bigint[] not null default '{}',
  permits bigint[] not null default '{}',
  expires_at timestamptz not null default clock_timestamp()
);
comment on table core.limit_window is 'Permits given out per limited key, by the cell in which their lease ends. Unlogged: a crash of the server forgets one window.';

-- Gives one lease: locks the key's row, takes back what came back unspent, and books what still fits.
create function core.limit_give(p_key text, p_limit bigint, p_window_ms bigint, p_want bigint, p_unspent jsonb, p_lease_ms bigint)
returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_cell_ms bigint := (p_window_ms + 59) / 60;
  v_row core.limit_window;
  v_now_ms bigint;
  v_end bigint;
  v_given bigint;
  v_booked bigint;
begin
  insert into core.limit_window (key) values (p_key) on conflict do nothing;
  select * into v_row from core.limit_window where key = p_key for update;
  v_now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
  v_end := (v_now_ms + p_lease_ms) / v_cell_ms;
  select coalesce(array_agg(c.cell order by c.cell), '{}'), coalesce(array_agg(c.permits order by c.cell), '{}'), coalesce(sum(c.permits), 0)
  into v_row.cells, v_row.permits, v_booked
  from (
    select b.cell, sum(b.permits)::bigint as permits
    from (
      select unnest(v_row.cells) as cell, unnest(v_row.permits) as permits
      union all
      select (u ->> 0)::bigint, - greatest((u ->> 1)::bigint, 0) from jsonb_array_elements(p_unspent) u
    ) b
    where b.cell >= v_now_ms / v_cell_ms - 60
    group by b.cell
    having sum(b.permits) > 0
  ) c;
  v_given := greatest(least(p_want, p_limit - v_booked), 0);
  update core.limit_window set
    cells = v_row.cells || case when v_given > 0 then array[v_end] else '{}' end,
    permits = v_row.permits || case when v_given > 0 then array[v_given] else '{}' end,
    expires_at = to_timestamp((v_end + 61) * v_cell_ms / 1000.0)
  where key = p_key;
  return jsonb_build_object('key', p_key, 'cell', v_end, 'given', v_given, 'left', greatest(p_limit - v_booked - v_given, 0),
    'reset_ms', coalesce((v_row.cells[1] + 61) * v_cell_ms - v_now_ms, 0));
end
$$;
comment on function core.limit_give is 'Books at most p_want permits of one key, as many as still fit into its window.';

-- Leases of several keys at once: [{key, limit, window_ms, want, unspent: [[cell, permits]]}]. Not idempotent: report what
-- came back unspent once. Locks the keys in order.
create function core_api.limit_lease(p_wants jsonb, p_lease_ms bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_leases jsonb := '[]';
  v_want jsonb;
begin
  v_ok := core.authorize('limit:lease', null);
  v_ok := core.require_exact('wants', p_wants);
  if p_wants is null or jsonb_typeof(p_wants) <> 'array' or jsonb_array_length(p_wants) > 1000 then
    perform core.refuse('PT400', 'invalid_wants', 'wants must be a list of at most 1000', null, jsonb_build_object('field', 'wants'));
  elsif p_lease_ms is null or p_lease_ms not between 1 and 3600000 then
    perform core.refuse('PT400', 'invalid_lease', 'a lease lasts 1 ms to an hour', null, jsonb_build_object('field', 'lease_ms'));
  end if;
  for v_want in select w from jsonb_array_elements(p_wants) w order by w ->> 'key' loop
    v_leases := v_leases || core.limit_give(v_want ->> 'key', (v_want ->> 'limit')::bigint, (v_want ->> 'window_ms')::bigint,
      (v_want ->> 'want')::bigint, v_want -> 'unspent', p_lease_ms);
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

-- No role may execute a function without a grant of its own.

revoke execute on all functions in schema core, core_api from public, anon, authenticated;
