-- The hot path of batches: reserve, settle, void and charge taken together. Parsed once into arrays, locked sorted,
-- decided in one loop over arrays in memory, written with one statement per table. The same decisions, in the same
-- order, as the single functions; a test holds the two against each other.

-- The windows of an account now, or of a hold: the same list serves many operations. positions: in the batch's set.
create type core.ledger_window_list as (budget_ids bigint[], window_starts timestamptz[], positions int[]);

-- The parsed operations of a batch, one element each.
create type core.ledger_batch_ops as (
  op text[], key text[], code text[], amount bigint[], min bigint[], ttl int[], over text[], metadata jsonb[], hold uuid[],
  reason text[], valid boolean[], together boolean
);

-- valid: the operation's own function would not raise for its shape. together: no operation depends on another of the
-- batch (one key or one hold twice), and all are of the four common kinds. A value that is not of its field's type
-- makes the whole batch go one by one, where it fails alone: checking each by pattern cost more than the rest of parsing.
create function core.ledger_batch_parse(p_ops jsonb) returns core.ledger_batch_ops
language plpgsql immutable set search_path = '' as $$
declare
  v_ops core.ledger_batch_ops;
begin
  select array_agg(o.op order by ord), array_agg(o.key order by ord), array_agg(o.account order by ord), array_agg(o.amount order by ord),
    array_agg(o.min order by ord), array_agg(coalesce(o.ttl_s, 120) order by ord), array_agg(coalesce(o.over, 'overflow') order by ord),
    array_agg(coalesce(o.metadata, '{}') order by ord), array_agg(o.hold order by ord), array_agg(o.reason order by ord),
    array_agg(coalesce(length(o.key) between 1 and 200 and not starts_with(o.key, 'core:')
      and (o.amount is null or o.amount between 0 and 9007199254740991)
      and (o.metadata is null or o.metadata = '{}' or jsonb_typeof(o.metadata) = 'object' and pg_column_size(o.metadata) <= 16384)
      and case o.op
        when 'reserve' then length(o.account) between 1 and 200 and o.amount > 0 and coalesce(o.min between 1 and o.amount, true)
          and coalesce(o.ttl_s between 1 and 86400, true) and coalesce(o.over in ('overflow', 'cap', 'reject'), true)
          and o.value - '{op,key,account,amount,hold,min,ttl_s,over,metadata}'::text[] = '{}'
        when 'settle' then o.hold is not null and o.value - '{op,key,hold,amount,metadata}'::text[] = '{}'
        when 'void' then o.hold is not null and coalesce(length(o.reason), 0) <= 1000 and o.value - '{op,key,hold,reason}'::text[] = '{}'
        when 'charge' then length(o.account) between 1 and 200 and o.amount > 0
          and o.value - '{op,key,account,amount,metadata}'::text[] = '{}'
      end, false) order by ord),
    bool_and(coalesce(o.op in ('reserve', 'settle', 'void', 'charge'), false))
      and count(distinct o.key) = count(o.key) and count(distinct o.hold) = count(o.hold)
  into v_ops
  from rows from (
    jsonb_to_recordset(p_ops) as (op text, key text, account text, amount bigint, min bigint, ttl_s int, over text,
      hold uuid, reason text, metadata jsonb),
    jsonb_array_elements(p_ops)) with ordinality
    as o (op, key, account, amount, min, ttl_s, over, hold, reason, metadata, value, ord);
  return v_ops;
exception when data_exception then
  v_ops.together := false;
  return v_ops;
end
$$;
comment on function core.ledger_batch_parse is 'A batch as arrays, with what may be taken together.';

create function core.ledger_batch_run(p_ops jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_member text := core.claims() ->> 'project';
  v_actor text := core.actor();
  v_count int := jsonb_array_length(p_ops);
  -- one element per operation
  o core.ledger_batch_ops;
  v_op text[]; v_key text[]; v_code text[]; v_amount bigint[]; v_min bigint[]; v_ttl int[]; v_hold uuid[]; v_reason text[];
  v_valid boolean[]; v_known boolean[]; v_request jsonb[]; v_result jsonb[];
  v_account bigint[]; v_project text[]; v_root bigint[]; v_purse int[]; v_frozen boolean[]; v_list int[];
  h_amount bigint[]; h_captured bigint[]; h_status text[]; h_over text[];
  v_tx bigint[]; v_version bigint[]; v_counted bigint[]; v_posted bigint[]; v_balance bigint[]; v_flags text[];
  h_new_status text[]; h_released bigint[];
  -- one element per purse
  p_id bigint[]; p_in bigint[]; p_balance bigint[]; p_held bigint[]; p_overdraft bigint[]; p_version bigint[];
  -- one element per window
  w_cap bigint[]; w_spent bigint[]; w_held bigint[]; w_alert bigint[]; w_head text[];
  v_set core.ledger_window_set; v_lists core.ledger_window_list[];
  v_accounts bigint[]; v_purses bigint[]; v_roots bigint[]; v_path bigint[]; v_holds uuid[]; v_gate record; v_positions int[];
  v_run_list int; v_run_purse int; v_run_spent bigint; v_run_held bigint; v_balance_now bigint; v_held_now bigint; v_version_now bigint;
  v_alert_in bigint; v_hold_rest bigint; v_available bigint; v_rest bigint; v_tightest int; v_granted bigint; v_charged bigint; v_within bigint; v_above bigint;
  v_uncollected bigint; v_most bigint; v_held_delta bigint; v_windows text; v_text text; v_expires text; v_expires_ttl int; v_status text;
  v_flag text; v_written bigint; v_reserved bigint := 0; w int; v_ok boolean;
begin
  if v_count = 0 then return '[]'; end if;
  o := core.ledger_batch_parse(p_ops);
  if not o.together then return core.ledger_batch_each(p_ops); end if;

  -- Accounts and requests. What is missing or foreign goes through its own function afterwards, which says so.
  select array_agg(a.id order by x.ord), array_agg(a.project order by x.ord), array_agg(a.code order by x.ord),
    array_agg(a.root_id order by x.ord),
    array_agg(x.valid and a.id is not null and (v_member is null or a.project = v_member)
      and not (x.op = 'reserve' and h.id is not null) and h.leased is not true order by x.ord),
    -- A reserve whose hold is there already goes through its own function, too, which needs its locks.
    array_agg(x.valid and a.id is not null and (v_member is null or a.project = v_member) order by x.ord),
    array_agg(case x.op
      when 'reserve' then jsonb_build_object('op', 'reserve', 'account', x.code, 'amount', x.amount, 'hold', x.hold, 'min', x.min,
        'ttl_s', x.ttl, 'over', x.over, 'metadata', x.metadata)
      when 'charge' then jsonb_build_object('op', 'charge', 'account', x.code, 'amount', x.amount, 'metadata', x.metadata)
      when 'settle' then jsonb_build_object('op', 'settle', 'hold', x.hold, 'amount', x.amount, 'metadata', x.metadata)
      else jsonb_build_object('op', 'void', 'hold', x.hold, 'reason', x.reason) end order by x.ord)
  into v_account, v_project, v_code, v_root, v_valid, v_known, v_request
  from unnest(o.op, o.code, o.amount, o.hold, o.min, o.ttl, o.over, o.metadata, o.reason, o.valid)
    with ordinality as x (op, code, amount, hold, min, ttl, over, metadata, reason, valid, ord)
  left join core.ledger_hold h on h.id = x.hold
  left join core.ledger_account c on c.code = x.code and c.kind not in ('issuer', 'sink', 'breakage')
  left join core.ledger_account a on a.id = case when x.op in ('settle', 'void') then h.account_id else c.id end;
  select array_agg(distinct a.id), array_agg(distinct a.purse_id), array_agg(distinct a.root_id) into v_accounts, v_purses, v_roots
  from core.ledger_account a where a.id in (select x.id from unnest(v_account, v_known) as x (id, known) where x.known);
  if v_accounts is null then return core.ledger_batch_each(p_ops); end if;
  v_ok := core.authorize('ledger:spend', coalesce(v_member, v_project[1], ''));

  -- The gate, for all at once.
  select array_agg(distinct s.id) into v_path from core.ledger_account a, unnest(a.path) as s (id)
  where a.id in (select x.id from unnest(o.op, v_account, v_known) as x (op, id, known) where x.known and x.op in ('reserve', 'charge'));
  select coalesce(array_agg(x.hold), '{}') into v_holds
  from unnest(o.op, o.hold, v_valid) as x (op, hold, valid) where x.valid and x.op in ('settle', 'void');
  v_gate := core.ledger_gate(v_purses, v_roots, v_holds, v_path, '{}', '{}');

  -- Read what is now locked: purses, holds, known keys, windows.
  select array_agg(a.id), array_agg(a.total_in::bigint), array_agg(a.total_in::bigint - a.total_out), array_agg(a.held::bigint),
    array_agg(a.overdraft::bigint), array_agg(a.version)
  into p_id, p_in, p_balance, p_held, p_overdraft, p_version
  from core.ledger_account a where a.id = any (v_purses);
  with account as materialized (
    select a.id, array_position(p_id, a.purse_id) as purse, core.ledger_is_frozen(a.path) as frozen
    from core.ledger_account a where a.id = any (v_accounts)
  )
  select array_agg(a.purse order by x.ord), array_agg(a.frozen order by x.ord),
    array_agg(h.amount::bigint order by x.ord), array_agg(h.captured::bigint order by x.ord),
    array_agg(h.status order by x.ord), array_agg(h.over order by x.ord),
    array_agg(case when t.request = x.request then t.result || '{"replayed": true}' end order by x.ord),
    -- A hold that somebody opened under the id of a reserve since: reserve itself says so, below.
    array_agg(x.valid and (t.request is null or t.request = x.request) and not (x.op = 'reserve' and h.id is not null) order by x.ord)
  into v_purse, v_frozen, h_amount, h_captured, h_status, h_over, v_result, v_valid
  from unnest(o.op, v_account, o.hold, v_project, o.key, v_request, v_valid)
    with ordinality as x (op, account, hold, project, key, request, valid, ord)
  left join account a on a.id = x.account
  left join core.ledger_hold h on h.id = x.hold
  left join core.ledger_tx t on t.project = x.project and t.key = x.key;

  select array_agg(row(l.budget_ids, l.window_starts, null)::core.ledger_window_list) into v_lists from (
    select m.budget_ids, m.window_starts
    from core.ledger_account a
    cross join lateral (
      select coalesce(array_agg(b.id order by b.id), '{}') as budget_ids, coalesce(array_agg(k.period_start order by b.id), '{}') as window_starts
      from core.ledger_budget b join unnest(v_gate.budget_ids, v_gate.window_starts) as k (budget_id, period_start) on k.budget_id = b.id
      where b.account_id = any (a.path)) m
    where a.id = any (v_accounts)
    union select h.budget_ids, h.window_starts from core.ledger_hold h where h.id = any (v_holds)) l;
  select coalesce(array_agg(k.budget_id), '{}'), coalesce(array_agg(k.period_start), '{}') into v_set.budget_ids, v_set.window_starts
  from (select distinct u.budget_id, u.period_start from unnest(v_lists) l, unnest(l.budget_ids, l.window_starts) as u (budget_id, period_start) order by 1, 2) k;
  v_set := core.ledger_read_windows(v_set.budget_ids, v_set.window_starts);
  w_cap := v_set.caps; w_spent := v_set.spent; w_held := v_set.held; w_alert := v_set.alert_at;
  select array_agg(left(f.fact::text, -1) || ', "spent": ' order by f.ord) into w_head from unnest(v_set.facts) with ordinality as f (fact, ord);
  for i in 1 .. cardinality(v_lists) loop
    select coalesce(array_agg(k.pos::int order by k.pos), '{}') into v_positions
    from unnest(v_lists[i].budget_ids, v_lists[i].window_starts) as u (budget_id, period_start)
    join unnest(v_set.budget_ids, v_set.window_starts) with ordinality as k (budget_id, period_start, pos)
      on k.budget_id = u.budget_id and k.period_start = u.period_start;
    v_lists[i].positions := v_positions;
  end loop;
  with list as materialized (
    select l.budget_ids, l.window_starts, l.ord::int as list from unnest(v_lists) with ordinality as l (budget_ids, window_starts, positions, ord)
  ), account as materialized (
    select a.id, l.list from core.ledger_account a
    cross join lateral (
      select coalesce(array_agg(b.id order by b.id), '{}') as budget_ids, coalesce(array_agg(k.period_start order by b.id), '{}') as window_starts
      from core.ledger_budget b join unnest(v_gate.budget_ids, v_gate.window_starts) as k (budget_id, period_start) on k.budget_id = b.id
      where b.account_id = any (a.path)) m
    join list l on l.budget_ids = m.budget_ids and l.window_starts = m.window_starts
    where a.id = any (v_accounts)
  )
  select array_agg(case when h.id is null then (select a.list from account a where a.id = x.account)
    else (select l.list from list l where l.budget_ids = h.budget_ids and l.window_starts = h.window_starts) end order by x.ord) into v_list
  from unnest(o.op, v_account, o.hold) with ordinality as x (op, account, hold, ord)
  left join core.ledger_hold h on h.id = x.hold and x.op in ('settle', 'void');

  -- Decide, in order, on the numbers in memory.
  v_op := o.op; v_key := o.key; v_amount := o.amount; v_min := o.min; v_ttl := o.ttl; v_hold := o.hold;
  v_tx := array_fill(null::bigint, array[v_count]);
  v_version := v_tx; v_counted := v_tx; v_posted := v_tx; v_balance := v_tx; h_released := v_tx;
  v_flags := array_fill('{}'::text, array[v_count]);
  h_new_status := array_fill(null::text, array[v_count]);
  -- A run of operations on one purse and one list of windows is counted in plain variables (an array element costs
  -- twice as much): what the purse has, and by how much all windows of the list have moved since the run began.
  for i in 1 .. v_count + 1 loop
    if i > v_count or v_list[i] is distinct from v_run_list or v_purse[i] is distinct from v_run_purse then
      continue when i <= v_count and (v_result[i] is not null or not v_valid[i]);
      if v_run_list is not null then
        p_balance[v_run_purse] := v_balance_now;
        p_held[v_run_purse] := v_held_now;
        p_version[v_run_purse] := v_version_now;
        foreach w in array v_positions loop
          w_spent[w] := w_spent[w] + v_run_spent;
          w_held[w] := w_held[w] + v_run_held;
        end loop;
      end if;
      exit when i > v_count;
      v_run_list := v_list[i];
      v_run_purse := v_purse[i];
      v_positions := v_lists[v_run_list].positions;
      v_balance_now := p_balance[v_run_purse];
      v_held_now := p_held[v_run_purse];
      v_version_now := p_version[v_run_purse];
      v_run_spent := 0;
      v_run_held := 0;
      v_rest := null;
      v_alert_in := null;
      foreach w in array v_positions loop
        v_alert_in := least(v_alert_in, w_alert[w] - w_spent[w]);
        if v_rest is null or w_cap[w] - w_spent[w] - w_held[w] < v_rest then
          v_rest := w_cap[w] - w_spent[w] - w_held[w];
          v_tightest := w;
        end if;
      end loop;
    end if;
    continue when v_result[i] is not null or not v_valid[i];
    v_available := v_balance_now - v_held_now + p_overdraft[v_run_purse];
    v_status := null;
    v_held_delta := 0;
    v_charged := 0;

    if v_op[i] = 'reserve' or v_op[i] = 'charge' then
      v_granted := least(v_amount[i], v_available, v_rest);
      if v_frozen[i] then
        v_status := 'account_frozen';
        v_text := '';
      elsif v_granted < coalesce(v_min[i], v_amount[i]) then
        v_status := case when v_available < coalesce(v_min[i], v_amount[i]) then 'insufficient_credits' else 'budget_exhausted' end;
        v_text := concat(', "requested": ', coalesce(v_min[i], v_amount[i]),
          case v_status when 'budget_exhausted' then ', "budget": ' || to_jsonb(v_set.names[v_tightest])::text end);
      elsif v_op[i] = 'charge' then
        v_charged := v_granted;
        v_text := concat(', "account": "', v_code[i], '", "charged": ', v_granted);
      else
        v_held_delta := v_granted;
        v_reserved := v_reserved + 1;
        if v_hold[i] is null then v_hold[i] := core.new_id(); end if;
        if v_expires_ttl is distinct from v_ttl[i] then
          v_expires_ttl := v_ttl[i];
          v_expires := to_jsonb(v_gate.at + make_interval(secs => v_ttl[i]))::text;
        end if;
        v_text := concat(', "hold": "', v_hold[i], '", "granted": ', v_granted, ', "expires_at": ', v_expires);
      end if;
      v_counted[i] := v_granted;
    elsif h_status[i] not in ('open', 'expired') or v_op[i] = 'void' and (h_status[i] <> 'open' or h_captured[i] > 0) then
      v_status := 'hold_closed';
      v_text := concat(', "hold": "', v_hold[i], '", "status": "', h_status[i], '"', case v_op[i] when 'void' then ', "captured": ' || h_captured[i] end);
    elsif v_op[i] = 'void' then
      v_held_delta := -h_amount[i];
      v_counted[i] := 0;
      h_released[i] := h_amount[i];
      h_new_status[i] := 'voided';
      v_text := concat(', "hold": "', v_hold[i], '", "status": "voided", "released": ', h_amount[i]);
    else
      v_hold_rest := h_amount[i] - h_captured[i];
      v_within := least(coalesce(v_amount[i], v_hold_rest), v_hold_rest);
      v_above := coalesce(v_amount[i], v_hold_rest) - v_within;
      v_uncollected := 0;
      if v_above > 0 and h_over[i] = 'reject' then
        v_status := 'over_capture';
        v_text := concat(', "hold": "', v_hold[i], '", "requested": ', v_amount[i], ', "limit": ', v_hold_rest);
      else
        v_charged := v_within + v_above;
        if v_above > 0 and h_over[i] = 'cap' then
          v_charged := v_within + least(v_above, greatest(0, v_available - case h_status[i] when 'expired' then v_within else 0 end));
          v_uncollected := v_within + v_above - v_charged;
        end if;
        -- Beyond what was set aside, and beyond any sum: settle itself refuses it, below.
        if v_above > 0 or h_status[i] = 'expired' then
          v_most := greatest(p_in[v_run_purse] - v_balance_now + v_held_now, h_captured[i]);
          foreach w in array v_positions loop
            v_most := greatest(v_most, w_spent[w] + w_held[w] + v_run_spent + v_run_held);
          end loop;
          continue when v_charged > 9007199254740991 - v_most;
        end if;
        v_flag := concat_ws(',', case when h_status[i] = 'expired' then 'late' end, case when v_amount[i] is null then 'estimated' end,
          case when v_charged > v_hold_rest then 'overflow' end, case when v_uncollected > 0 then 'uncollected' end);
        if v_flag <> '' then v_flags[i] := '{' || v_flag || '}'; end if;
        v_counted[i] := v_charged;
        if h_status[i] = 'open' then
          v_held_delta := -v_hold_rest;
          h_new_status[i] := 'settled';
          h_released[i] := greatest(0, v_hold_rest - v_charged);
        else
          h_new_status[i] := 'settled_late';
        end if;
        v_text := concat(', "hold": "', v_hold[i], '", "status": "', h_new_status[i], '", "charged": ', v_charged, ', "released": ',
          greatest(0, v_hold_rest - v_charged), ', "uncollected": ', v_uncollected, ', "flags": ',
          case v_flag when '' then '[]' else '["' || replace(v_flag, ',', '", "') || '"]' end);
      end if;
    end if;

    if v_status is null then
      v_tx[i] := nextval('core.ledger_tx_id');
      v_version_now := v_version_now + 1;
      v_version[i] := v_version_now;
      v_held_now := v_held_now + v_held_delta;
      v_run_held := v_run_held + v_held_delta;
      if v_charged > 0 then
        v_balance_now := v_balance_now - v_charged;
        v_posted[i] := v_charged;
        v_balance[i] := v_balance_now;
        v_run_spent := v_run_spent + v_charged;
        if v_run_spent >= v_alert_in then
          v_alert_in := null;
          foreach w in array v_positions loop
            if w_spent[w] + v_run_spent >= w_alert[w] then
              w_alert[w] := core.ledger_raise_alerts(v_tx[i], v_set.budget_ids[w], v_set.window_starts[w], w_cap[w],
                w_spent[w] + v_run_spent - v_charged, w_spent[w] + v_run_spent, v_gate.at);
            end if;
            v_alert_in := least(v_alert_in, w_alert[w] - w_spent[w]);
          end loop;
        end if;
      end if;
      v_rest := v_rest - v_held_delta - v_charged;
      v_available := v_balance_now - v_held_now + p_overdraft[v_run_purse];
      v_text := concat('{"ok": true, "replayed": false, "tx": ', v_tx[i], v_text);
    else
      v_text := concat('{"ok": false, "code": "', v_status, '", "account": "', v_code[i], '"', v_text);
    end if;
    v_windows := '';
    if v_status is distinct from 'account_frozen' then
      foreach w in array v_positions loop
        v_windows := concat(v_windows, case when v_windows <> '' then ', ' end, w_head[w], w_spent[w] + v_run_spent, ', "held": ',
          w_held[w] + v_run_held, ', "rest": ', w_cap[w] - w_spent[w] - w_held[w] - v_run_spent - v_run_held, '}');
      end loop;
    end if;
    v_result[i] := concat(v_text, ', "settled": ', v_balance_now, ', "held": ', v_held_now, ', "available": ', v_available,
      ', "budgets": [', v_windows, ']}')::jsonb;
  end loop;

  -- Write: one statement per table.
  insert into core.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, budget_ids, window_starts, metadata, opened_at, expires_at)
  select x.hold, x.account, p_id[x.purse], x.root, x.project, x.counted, x.over, l.budget_ids, l.window_starts, x.metadata,
    v_gate.at, v_gate.at + make_interval(secs => x.ttl)
  from unnest(v_op, v_tx, v_hold, v_account, v_purse, v_root, v_project, v_counted, o.over, v_list, o.metadata, v_ttl)
    as x (op, tx, hold, account, purse, root, project, counted, over, list, metadata, ttl)
  join unnest(v_lists) with ordinality as l (budget_ids, window_starts, positions, ord) on l.ord = x.list
  where x.op = 'reserve' and x.tx is not null
  on conflict on constraint ledger_hold_pkey do nothing;
  get diagnostics v_written = row_count;
  if v_written <> v_reserved then
    raise exception using errcode = '40001', message = 'a hold id of the batch is being used by a concurrent call', hint = 'Send the batch again.';
  end if;
  insert into core.ledger_tx (id, project, key, op, account_id, purse_id, version, hold, amount, flags, budget_ids, window_starts,
    request, result, actor, created_at)
  select x.tx, x.project, x.key, x.op, x.account, p_id[x.purse], x.version, x.hold, x.counted, x.flags::text[],
    case x.op when 'charge' then l.budget_ids end, case x.op when 'charge' then l.window_starts end, x.request, x.result, v_actor, v_gate.at
  from unnest(v_op, v_tx, v_key, v_hold, v_account, v_purse, v_project, v_version, v_counted, v_flags, v_list, v_request, v_result)
    as x (op, tx, key, hold, account, purse, project, version, counted, flags, list, request, result)
  left join unnest(v_lists) with ordinality as l (budget_ids, window_starts, positions, ord) on x.op = 'charge' and l.ord = x.list
  where x.tx is not null
  on conflict on constraint ledger_tx_key_key do nothing;
  get diagnostics v_written = row_count;
  if v_written <> cardinality(array_remove(v_tx, null)) then
    raise exception using errcode = '40001', message = 'a key of the batch is being used by a concurrent call', hint = 'Send the batch again.';
  end if;
  insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
  select x.tx, e.account_id, e.amount, e.balance_after, e.version
  from unnest(v_tx, v_purse, v_posted, v_balance, v_version) as x (tx, purse, posted, balance, version)
  cross join lateral (values (p_id[x.purse], -x.posted, x.balance, x.version), (2, x.posted, null, null)) as e (account_id, amount, balance_after, version)
  where x.posted is not null;
  update core.ledger_hold h set status = x.status, closed_at = v_gate.at, captured = h.captured + x.charged, released = coalesce(x.released, h.released)
  from unnest(v_hold, h_new_status, h_released, v_counted) as x (id, status, released, charged)
  where h.id = x.id and x.status is not null;
  update core.ledger_account a set total_out = a.total_in - x.balance, held = x.held, version = x.version
  from unnest(p_id, p_balance, p_held, p_version) as x (id, balance, held, version)
  where a.id = x.id and a.version <> x.version;
  update core.ledger_window k set spent = x.spent, held = x.held
  from unnest(v_set.budget_ids, v_set.window_starts, w_spent, w_held) as x (budget_id, period_start, spent, held)
  where k.budget_id = x.budget_id and k.period_start = x.period_start and (k.spent <> x.spent or k.held <> x.held);

  -- Last, what the single functions have to say: misuse, unknown accounts and holds, keys used for something else.
  v_ok := core.ledger_gate_batch(v_purses, v_holds, v_gate.at, v_gate.budget_ids, v_gate.window_starts);
  for i in 1 .. v_count loop
    if v_result[i] is null then v_result[i] := core.ledger_apply(p_ops -> (i - 1)); end if;
  end loop;
  perform set_config('core.ledger_gated', '', true);
  return to_jsonb(v_result);
end
$$;
comment on function core.ledger_batch_run is 'Runs a batch: together where operations are independent and common, else one by one.';
