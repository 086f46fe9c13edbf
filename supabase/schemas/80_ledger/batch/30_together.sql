-- The hot path of batches: reserve, settle, void and charge taken together. Parsed once into arrays, locked sorted, read,
-- decided in memory, written with one statement per table.

create function core.ledger_batch_write(b core.ledger_batch) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_xid xid8 := core.xid_after((select t.xid from core.ledger_tx t order by t.xid desc limit 1));
  v_actor text := core.actor();
  v_request_id text := core.request_id();
  v_requests text[] := core.ledger_batch_requests();
begin
  -- No other call has these keys, and on conflict, which looks first, costs a third of an insert. Sorted, because two
  -- batches with the same keys in opposite orders would wait for each other.
  begin
    insert into core.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, over_bp, budget_ids, window_starts, metadata, opened_at, expires_at)
    select x.hold, x.account, b.purse_id[x.purse], x.root, x.project, x.counted, x.over, x.over_bp, l.budget_ids, l.window_starts, x.metadata,
      b.at, b.at + make_interval(secs => x.ttl)
    from unnest(b.op, b.tx, b.hold, b.account, b.purse, b.root, b.project, b.counted, b.over, b.over_bp, b.list, b.metadata, b.ttl)
      as x (op, tx, hold, account, purse, root, project, counted, over, over_bp, list, metadata, ttl)
    join unnest(b.lists) with ordinality as l (budget_ids, window_starts, positions, ord) on l.ord = x.list
    where x.op = 'reserve' and x.tx is not null
    order by x.hold, x.project;
    insert into core.ledger_tx (id, xid, project, key, op, account_id, purse_id, version, hold, amount, flags, budget_ids, window_starts,
      settled, held, available, windows, request, actor, request_id, created_at, above, uncollected, captured_from)
    select x.tx, v_xid, x.project, x.key, x.op, x.account, b.purse_id[x.purse], x.version, x.hold, x.counted, x.flags::text[],
      l.budget_ids, l.window_starts,
      x.settled, x.held, x.settled - x.held + b.purse_overdraft[x.purse], nullif(x.counts, '{}')::bigint[], x.request, v_actor, coalesce(v_requests[x.nth], v_request_id), b.at,
      x.above, x.uncollected, case x.op when 'settle' then nullif(x.captured, 0) end
    from unnest(b.op, b.tx, b.key, b.hold, b.account, b.purse, b.project, b.version, b.counted, b.flags, b.list, b.present, b.settled, b.held,
        b.counts, b.request, b.above, b.uncollected, b.hold_captured, b.hold_amount, b.hold_status, b.amount)
      with ordinality as x (op, tx, key, hold, account, purse, project, version, counted, flags, list, present, settled, held, counts, request, above, uncollected,
        captured, granted, status, amount, nth)
    left join unnest(b.lists) with ordinality as l (budget_ids, window_starts, positions, ord)
      on l.ord = case when x.op = 'charge' then x.list
        when x.op = 'settle' and (x.status = 'expired' or x.amount > x.granted - x.captured) then x.present end
    where x.tx is not null
    order by x.project, x.key;
  exception when unique_violation then
    raise exception using errcode = '40001', message = 'a key or a hold id of the batch is being used by a concurrent call',
      hint = 'Send the batch again.';
  end;
  insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
  select x.tx, e.account_id, e.amount, e.balance_after, e.version
  from unnest(b.tx, b.purse, b.charged, b.settled, b.version) as x (tx, purse, charged, settled, version)
  cross join lateral (values (b.purse_id[x.purse], -x.charged, x.settled, x.version), (2, x.charged, null, null))
    as e (account_id, amount, balance_after, version)
  where x.tx is not null and x.charged is not null;
  update core.ledger_hold h set status = x.status, closed_at = b.at, captured = h.captured + x.counted - coalesce(x.above, 0),
    above = h.above + coalesce(x.above, 0), uncollected = h.uncollected + coalesce(x.uncollected, 0), released = coalesce(x.released, h.released)
  from unnest(b.tx, b.hold, b.project, b.hold_end, b.released, b.counted, b.above, b.uncollected)
    as x (tx, id, project, status, released, counted, above, uncollected)
  where h.id = x.id and h.project = x.project and x.status is not null and x.tx is not null;
  update core.ledger_account a set total_out = a.total_in - x.settled, held = x.held, version = x.version
  from unnest(b.purse_id, b.purse_settled, b.purse_held, b.purse_version) as x (id, settled, held, version)
  where a.id = x.id and a.version <> x.version;
  update core.ledger_window w set spent = x.spent, held = x.held
  from unnest((b.windows).budget_ids, (b.windows).window_starts, (b.windows).spent, (b.windows).held) as x (budget_id, period_start, spent, held)
  where w.budget_id = x.budget_id and w.period_start = x.period_start and (w.spent <> x.spent or w.held <> x.held);
  perform core.ledger_alert_uncollected(x.tx, a, x.hold, x.uncollected, b.at)
  from (select u.* from unnest(b.tx, b.account, b.hold, b.uncollected) as u (tx, account, hold, uncollected)
    where u.uncollected is not null order by u.tx) x
  join core.ledger_account a on a.id = x.account;
  return true;
end
$$;
comment on function core.ledger_batch_write is 'Writes what a batch has decided, one statement per table; 40001 when a concurrent call took a key or a hold id.';

-- The answer is text: parts of it come from many functions, and a caller that wants jsonb makes it once.
create function core.ledger_batch_run(p_ops jsonb) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  b core.ledger_batch;
  v_purses bigint[];
  v_roots bigint[];
  v_path bigint[];
  v_need bigint;
  v_holds core.ledger_hold_key[];
  v_lock record;
  v_locks core.ledger_batch_locks;
  v_requests text[] := core.ledger_batch_requests();
  v_ok boolean;
begin
  if jsonb_array_length(p_ops) = 0 then return '[]'; end if;
  if jsonb_array_length(p_ops) = 1 then
    if v_member is not null and p_ops -> 0 ->> 'op' in ('reserve', 'settle', 'void', 'charge') then
      v_ok := core.authorize('ledger:spend', v_member);
    end if;
    return jsonb_build_array(core.ledger_apply_for(v_requests[1], p_ops -> 0, null))::text;
  end if;
  b := core.ledger_batch_parse(p_ops);
  if b.op is null then return core.ledger_batch_each(p_ops); end if;
  v_ok := core.authorize('ledger:spend', coalesce(v_member, ''));
  b := core.ledger_batch_find(b);
  if not true = any (b.known) then return core.ledger_batch_each(p_ops); end if;

  -- The locks, for all at once.
  select array_agg(distinct a.purse_id), array_agg(distinct a.root_id) into v_purses, v_roots
  from core.ledger_account a where a.id in (select x.id from unnest(b.account, b.known) as x (id, known) where x.known);
  select array_agg(distinct s.id) into v_path from core.ledger_account a, unnest(a.path) as s (id)
  where a.id in (select x.id from unnest(b.op, b.account, b.known, b.exceeds) as x (op, id, known, exceeds)
    where x.known and (x.op in ('reserve', 'charge') or x.exceeds));
  select coalesce(array_agg(row(x.hold, x.project)::core.ledger_hold_key), '{}') into v_holds
  from unnest(b.op, b.hold, b.project, b.valid) as x (op, hold, project, valid) where x.valid and x.op in ('settle', 'void');
  select coalesce(sum(x.amount), 0) into v_need from unnest(b.op, b.amount, b.known, b.exceeds) as x (op, amount, known, exceeds)
  where x.known and (x.op in ('reserve', 'charge') or x.exceeds);
  v_lock := core.ledger_lock(null, v_purses, v_roots, v_holds, v_path, '{}', '{}', v_need);
  b.at := v_lock.at;

  b := core.ledger_batch_read(b, v_lock.budget_ids, v_lock.window_starts);
  b := core.ledger_batch_decide(b);
  v_ok := core.ledger_batch_write(b);

  -- Last, what the single functions have to say: misuse, unknown accounts and holds, keys used for something else.
  if array_position(b.result, null) is not null then
    v_locks := core.ledger_adopt_locks(v_purses, v_holds, v_lock.at, v_lock.budget_ids, v_lock.window_starts);
    for i in 1 .. cardinality(b.op) loop
      if b.result[i] is null then b.result[i] := core.ledger_apply_for(v_requests[i], p_ops -> (i - 1), v_locks)::text; end if;
    end loop;
  end if;
  return '[' || array_to_string(b.result, ', ') || ']';
end
$$;
comment on function core.ledger_batch_run is 'Runs a batch: together where operations are independent and common, else one by one.';
