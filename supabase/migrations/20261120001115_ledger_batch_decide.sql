-- What a batch decides: the same, in the same order, as the single functions; a test holds the two against each other.
-- Both ways fill the decided part of a batch and leave its purses and windows as they will be.

-- The common case, in one statement: one purse, one list of windows, and no decision depends on the order, because
-- everything that asks for credits fits together or is too large as it is. Undecided (tx null) where that is not so.
create function core.ledger_batch_plain(b core.ledger_batch) returns core.ledger_batch
language plpgsql set search_path = '' as $$
declare
  v_windows core.ledger_window_set := b.windows;
  v_available bigint := b.purse_settled[1] - b.purse_held[1] + b.purse_overdraft[1];
  v_tightest record := core.ledger_tightest(b.windows);
  v_room bigint := least(v_available, v_tightest.rest);
  v_budget text := ', "budget": ' || to_jsonb(v_tightest.budget)::text;
  v_ttl int := b.ttl[1];
  v_expires text := to_jsonb(b.at + make_interval(secs => b.ttl[1]))::text;
  v_plain boolean;
  v_accepted bigint;
  v_held bigint;
  v_spent bigint;
begin
  if cardinality(b.purse_id) <> 1 or cardinality(b.lists) <> 1 then return b; end if;
  select bool_and(x.valid and x.result is null and not x.frozen and case x.op
        when 'settle' then x.status = 'open' and coalesce(x.amount, 0) <= x.rest
        when 'void' then x.status = 'open' and x.captured = 0
        else true end)
      and (bool_and(x.spends) or bool_and(x.fits or not x.spends))
      and coalesce(sum(x.amount) filter (where x.spends and x.fits), 0) <= v_room
      and coalesce(sum(case x.op when 'settle' then coalesce(x.amount, x.rest) when 'charge' then x.amount end), 0)
        < coalesce((select min(w.alert_at - w.spent) from unnest(v_windows.alert_at, v_windows.spent) as w (alert_at, spent)), 'infinity'::numeric)
  into v_plain
  from (
    select u.*, u.op in ('reserve', 'charge') as spends, u.held - u.captured as rest, coalesce(u.min, u.amount) <= v_room as fits
    from unnest(b.op, b.valid, b.result, b.frozen, b.amount, b.min, b.hold_status, b.hold_amount, b.hold_captured)
      as u (op, valid, result, frozen, amount, min, status, held, captured)) x;
  if not v_plain then return b; end if;

  with numbered as (
    select x.ord, x.op, x.code, x.amount, coalesce(x.min, x.amount) as least, x.ttl, x.held - x.captured as rest,
      case when x.hold is null and x.op = 'reserve' then core.new_id() else x.hold end as hold,
      case when x.op in ('settle', 'void') or coalesce(x.min, x.amount) <= v_room then nextval('core.ledger_tx_id') end as tx
    from unnest(b.op, b.code, b.amount, b.min, b.ttl, b.hold, b.hold_amount, b.hold_captured)
      with ordinality as x (op, code, amount, min, ttl, hold, held, captured, ord)
  ), moved as (
    select n.*, case when n.tx is null then 0 when n.op = 'reserve' then n.amount when n.op = 'charge' then 0 else -n.rest end as held,
      case when n.tx is null then 0 when n.op = 'charge' then n.amount when n.op = 'settle' then coalesce(n.amount, n.rest) else 0 end as charged
    from numbered n
  ), running as (
    select m.*, (sum(m.held) over so_far)::bigint as held_by, (sum(m.charged) over so_far)::bigint as charged_by, count(m.tx) over so_far as nth
    from moved m window so_far as (order by m.ord rows unbounded preceding)
  ), told as (
    select r.*, b.purse_settled[1] - r.charged_by as settled_now, b.purse_held[1] + r.held_by as held_now,
      case
        when r.tx is null and v_available - r.held_by - r.charged_by < r.least then 'insufficient_credits'
        when r.tx is null then 'budget_exhausted'
      end as denial, k.answer, k.counts
    from running r cross join lateral (
      select string_agg(concat(w.head, w.spent + r.charged_by, ', "held": ', w.held + r.held_by, ', "rest": ',
          w.cap - w.spent - r.charged_by - w.held - r.held_by, '}'), ', ') as answer,
        concat('{', string_agg(concat_ws(',', w.cap, w.spent + r.charged_by, w.held + r.held_by), ','), '}') as counts
      from unnest(b.heads, v_windows.caps, v_windows.spent, v_windows.held) as w (head, cap, spent, held)) k
  )
  select array_agg(t.tx), array_agg(b.purse_version[1] + t.nth), array_agg(case t.op when 'void' then 0 when 'reserve' then t.held else t.charged end),
    array_agg(nullif(t.charged, 0)), array_agg(t.settled_now), array_agg(t.held_now), array_agg(t.counts),
    array_agg(case when t.op = 'settle' and t.amount is null then '{estimated}' else '{}' end),
    array_agg(case t.op when 'settle' then 'settled' when 'void' then 'voided' end),
    array_agg(case when t.op in ('settle', 'void') then t.rest - t.charged end), array_agg(t.hold),
    array_agg(concat(case
        when t.denial is not null then concat('{"ok": false, "code": "', t.denial, '", "account": "', t.code, '", "requested": ', t.least,
          case t.denial when 'budget_exhausted' then v_budget end)
        else concat('{"ok": true, "replayed": false, "tx": ', t.tx, case t.op
          when 'reserve' then concat(', "hold": "', t.hold, '", "granted": ', t.held, ', "expires_at": ',
            case t.ttl when v_ttl then v_expires else to_jsonb(b.at + make_interval(secs => t.ttl))::text end)
          when 'charge' then concat(', "account": "', t.code, '", "charged": ', t.charged)
          when 'settle' then concat(', "hold": "', t.hold, '", "status": "settled", "charged": ', t.charged, ', "released": ', t.rest - t.charged,
            ', "uncollected": 0, "flags": ', case when t.amount is null then '["estimated"]' else '[]' end)
          else concat(', "hold": "', t.hold, '", "status": "voided", "released": ', t.rest) end)
        end, ', "settled": ', t.settled_now, ', "held": ', t.held_now, ', "available": ', t.settled_now - t.held_now + b.purse_overdraft[1],
      ', "budgets": [', t.answer, ']}')),
    count(t.tx), sum(t.held), sum(t.charged)
  into b.tx, b.version, b.counted, b.charged, b.settled, b.held, b.counts, b.flags, b.hold_end, b.released, b.hold, b.result,
    v_accepted, v_held, v_spent
  from (select * from told order by ord) t;

  b.purse_settled[1] := b.purse_settled[1] - v_spent;
  b.purse_held[1] := b.purse_held[1] + v_held;
  b.purse_version[1] := b.purse_version[1] + v_accepted;
  for i in 1 .. coalesce(cardinality(v_windows.caps), 0) loop
    v_windows.spent[i] := v_windows.spent[i] + v_spent;
    v_windows.held[i] := v_windows.held[i] + v_held;
  end loop;
  b.windows := v_windows;
  return b;
end
$$;
comment on function core.ledger_batch_plain is 'Decides a batch on one purse in which no decision depends on the order; returns any other undecided.';

-- Any batch, one decision after the other, on numbers in memory.
create function core.ledger_batch_in_order(b core.ledger_batch) returns core.ledger_batch
language plpgsql set search_path = '' as $$
declare
  v_count int := cardinality(b.op);
  -- What a loop reads often is faster as an array of its own than as a field of the batch.
  v_op text[] := b.op; v_code text[] := b.code; v_amount bigint[] := b.amount; v_min bigint[] := b.min; v_ttl int[] := b.ttl;
  v_hold uuid[] := b.hold; v_valid boolean[] := b.valid; v_result text[] := b.result;
  v_purse int[] := b.purse; v_frozen boolean[] := b.frozen; v_list int[] := b.list;
  h_amount bigint[] := b.hold_amount; h_captured bigint[] := b.hold_captured; h_status text[] := b.hold_status; h_over text[] := b.hold_over;
  v_tx bigint[] := array_fill(null::bigint, array[v_count]);
  v_version bigint[] := v_tx; v_counted bigint[] := v_tx; v_posted bigint[] := v_tx; v_settled bigint[] := v_tx; v_held bigint[] := v_tx;
  h_released bigint[] := v_tx;
  v_counts text[] := array_fill(null::text, array[v_count]);
  h_new_status text[] := v_counts;
  v_flags text[] := array_fill('{}'::text, array[v_count]);
  p_in bigint[] := b.purse_in; p_balance bigint[] := b.purse_settled; p_held bigint[] := b.purse_held;
  p_overdraft bigint[] := b.purse_overdraft; p_version bigint[] := b.purse_version;
  w_cap bigint[] := (b.windows).caps; w_spent bigint[] := (b.windows).spent; w_held bigint[] := (b.windows).held;
  w_alert bigint[] := (b.windows).alert_at; w_head text[] := b.heads;
  v_positions int[];
  v_run_list int; v_run_purse int; v_run_spent bigint; v_run_held bigint; v_balance_now bigint; v_held_now bigint; v_version_now bigint;
  v_alert_in bigint; v_hold_rest bigint; v_available bigint; v_rest bigint; v_tightest int; v_granted bigint; v_charged bigint;
  v_within bigint; v_above bigint; v_uncollected bigint; v_most bigint; v_held_delta bigint;
  v_windows text; v_kept text; v_text text; v_expires text; v_expires_ttl int; v_status text; v_flag text; w int;
begin
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
      v_positions := (b.lists[v_run_list]).positions;
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
          case v_status when 'budget_exhausted' then ', "budget": ' || to_jsonb((b.windows).names[v_tightest])::text end);
      elsif v_op[i] = 'charge' then
        v_charged := v_granted;
        v_text := concat(', "account": "', v_code[i], '", "charged": ', v_granted);
      else
        v_held_delta := v_granted;
        if v_hold[i] is null then v_hold[i] := core.new_id(); end if;
        if v_expires_ttl is distinct from v_ttl[i] then
          v_expires_ttl := v_ttl[i];
          v_expires := to_jsonb(b.at + make_interval(secs => v_ttl[i]))::text;
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
        v_run_spent := v_run_spent + v_charged;
        if v_run_spent >= v_alert_in then
          v_alert_in := null;
          foreach w in array v_positions loop
            if w_spent[w] + v_run_spent >= w_alert[w] then
              w_alert[w] := core.ledger_raise_alerts(v_tx[i], (b.windows).budget_ids[w], (b.windows).window_starts[w], w_cap[w],
                w_spent[w] + v_run_spent - v_charged, w_spent[w] + v_run_spent, b.at);
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
    v_kept := '';
    if v_status is distinct from 'account_frozen' then
      foreach w in array v_positions loop
        v_windows := concat(v_windows, case when v_windows <> '' then ', ' end, w_head[w], w_spent[w] + v_run_spent, ', "held": ',
          w_held[w] + v_run_held, ', "rest": ', w_cap[w] - w_spent[w] - w_held[w] - v_run_spent - v_run_held, '}');
        v_kept := concat(v_kept, case when v_kept <> '' then ',' end, w_cap[w], ',', w_spent[w] + v_run_spent, ',', w_held[w] + v_run_held);
      end loop;
    end if;
    v_settled[i] := v_balance_now;
    v_held[i] := v_held_now;
    v_counts[i] := concat('{', v_kept, '}');
    v_result[i] := concat(v_text, ', "settled": ', v_balance_now, ', "held": ', v_held_now, ', "available": ', v_available,
      ', "budgets": [', v_windows, ']}');
  end loop;

  b.tx := v_tx; b.version := v_version; b.counted := v_counted; b.charged := v_posted; b.settled := v_settled; b.held := v_held;
  b.counts := v_counts; b.flags := v_flags; b.hold_end := h_new_status; b.released := h_released; b.hold := v_hold; b.result := v_result;
  b.purse_settled := p_balance; b.purse_held := p_held; b.purse_version := p_version;
  b.windows.spent := w_spent; b.windows.held := w_held;
  return b;
end
$$;
comment on function core.ledger_batch_in_order is 'Decides a batch operation by operation; what is not valid keeps a null result.';
