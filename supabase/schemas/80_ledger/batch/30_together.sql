-- The hot path of batches: reserve, settle, void and charge taken together. Parsed once into arrays, locked sorted, read,
-- decided in memory, written with one statement per table.

-- Its arrays are variables of its own and read by subscript: unnesting twenty of them for a table took longer than its rows.
create function core.ledger_batch_write(b core.ledger_batch) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_xid xid8 := core.xid_after((select t.xid from core.ledger_tx t order by t.xid desc limit 1), (select h.base from core.xid_head h));
  v_actor text := core.actor();
  v_request_id text := core.request_id();
  v_requests text[] := core.ledger_batch_requests();
  v_each int[] := core.ledger_batch_positions(b.op);
  v_op text[] := b.op; v_tx bigint[] := b.tx; v_key text[] := b.key; v_project text[] := b.project; v_hold uuid[] := b.hold;
  v_account bigint[] := b.account; v_root bigint[] := b.root; v_over text[] := b.over; v_over_bp int[] := b.over_bp; v_ttl int[] := b.ttl;
  v_amount bigint[] := b.amount; v_metadata jsonb[] := b.metadata; v_request jsonb[] := b.request;
  v_list int[] := b.list; v_present int[] := b.present; v_lists core.ledger_window_list[] := b.lists;
  v_purse int[] := b.purse; v_purse_id bigint[] := b.purse_id; v_overdraft bigint[] := b.purse_overdraft; v_version bigint[] := b.version;
  v_counted bigint[] := b.counted; v_settled bigint[] := b.settled; v_held bigint[] := b.held;
  v_counts text[] := b.counts; v_flags text[] := b.flags; v_above bigint[] := b.above; v_uncollected bigint[] := b.uncollected;
  h_amount bigint[] := b.hold_amount; h_captured bigint[] := b.hold_captured; h_status text[] := b.hold_status;
begin
  -- No other call has these keys, and on conflict, which looks first, costs a third of an insert. Sorted, because two
  -- batches with the same keys in opposite orders would wait for each other.
  begin
    if 'reserve' = any (v_op) then
      insert into core.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, over_bp, budget_ids, window_starts, metadata,
        opened_at, expires_at)
      select v_hold[x.i], v_account[x.i], v_purse_id[v_purse[x.i]], v_root[x.i], v_project[x.i], v_counted[x.i], v_over[x.i], v_over_bp[x.i],
        (v_lists[v_list[x.i]]).budget_ids, (v_lists[v_list[x.i]]).window_starts, v_metadata[x.i], b.at, b.at + make_interval(secs => v_ttl[x.i])
      from (select n.i from unnest(v_each) as n (i) where v_op[n.i] = 'reserve' and v_tx[n.i] is not null
        order by v_hold[n.i], v_project[n.i]) x;
    end if;
    insert into core.ledger_tx (id, xid, project, key, op, account_id, purse_id, version, hold, amount, flags, budget_ids, window_starts,
      settled, held, available, windows, request, actor, request_id, created_at, above, uncollected, captured_from)
    select v_tx[x.i], v_xid, v_project[x.i], v_key[x.i], v_op[x.i], v_account[x.i], v_purse_id[v_purse[x.i]], v_version[x.i], v_hold[x.i],
      v_counted[x.i], v_flags[x.i]::text[], (v_lists[x.list]).budget_ids, (v_lists[x.list]).window_starts,
      v_settled[x.i], v_held[x.i], v_settled[x.i] - v_held[x.i] + v_overdraft[v_purse[x.i]], nullif(v_counts[x.i], '{}')::bigint[],
      v_request[x.i], v_actor, coalesce(v_requests[x.i], v_request_id), b.at, v_above[x.i], v_uncollected[x.i],
      case v_op[x.i] when 'settle' then nullif(h_captured[x.i], 0) end
    from (select n.i, case when v_op[n.i] = 'charge' then v_list[n.i]
        when v_op[n.i] = 'settle' and (h_status[n.i] = 'expired' or v_amount[n.i] > h_amount[n.i] - h_captured[n.i]) then v_present[n.i] end as list
      from unnest(v_each) as n (i) where v_tx[n.i] is not null
      order by v_project[n.i] collate "C", v_key[n.i] collate "C") x;
  exception when unique_violation then
    raise exception using errcode = '40001', message = 'a key or a hold id of the batch is being used by a concurrent call',
      hint = 'Send the batch again.';
  end;
  if v_op && '{settle,charge}' then
    -- The purse's entry and the sink's. Rows of a values list would have their expressions prepared again for each operation.
    insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
    select v_tx[n.i], case when e.is_own then v_purse_id[v_purse[n.i]] else 2 end, case when e.is_own then -v_counted[n.i] else v_counted[n.i] end,
      case when e.is_own then v_settled[n.i] end, case when e.is_own then v_version[n.i] end
    from unnest(v_each) as n (i) cross join unnest('{true,false}'::boolean[]) as e (is_own)
    where v_op[n.i] in ('settle', 'charge') and v_tx[n.i] is not null and v_counted[n.i] <> 0;
  end if;
  if v_op && '{settle,void}' then
    update core.ledger_hold h set closed_at = b.at, captured = h.captured + v_counted[n.i] - coalesce(v_above[n.i], 0),
      above = h.above + coalesce(v_above[n.i], 0), uncollected = h.uncollected + coalesce(v_uncollected[n.i], 0),
      status = case when v_op[n.i] = 'void' then 'voided' when h.status = 'open' then 'settled' else 'settled_late' end,
      released = case h.status when 'open' then h.amount - h.captured - v_counted[n.i] + coalesce(v_above[n.i], 0) else h.released end
    from unnest(v_each) as n (i)
    where h.id = v_hold[n.i] and h.project = v_project[n.i] and v_op[n.i] in ('settle', 'void') and v_tx[n.i] is not null;
  end if;
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
  v_accounts bigint[];
  v_spending bigint[];
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
  select array_agg(distinct x.account), array_agg(distinct x.account) filter (where x.op in ('reserve', 'charge') or x.exceeds),
    coalesce(sum(x.amount) filter (where x.op in ('reserve', 'charge') or x.exceeds), 0),
    coalesce(array_agg(row(x.hold, x.project)::core.ledger_hold_key) filter (where x.valid and x.op in ('settle', 'void')), '{}')
  into v_accounts, v_spending, v_need, v_holds
  from unnest(b.op, b.account, b.amount, b.hold, b.project, b.known, b.valid, b.exceeds)
    as x (op, account, amount, hold, project, known, valid, exceeds) where x.known;
  select array_agg(distinct a.purse_id), array_agg(distinct a.root_id) into v_purses, v_roots
  from core.ledger_account a where a.id = any (v_accounts);
  select array_agg(distinct s.id) into v_path from core.ledger_account a, unnest(a.path) as s (id) where a.id = any (v_spending);
  v_lock := core.ledger_lock(null, v_purses, v_roots, v_holds, v_path, '{}', '{}', v_need);
  b.at := v_lock.at;

  b := core.ledger_batch_read(b, v_accounts, v_spending, v_holds, v_lock.budget_ids, v_lock.window_starts);
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
