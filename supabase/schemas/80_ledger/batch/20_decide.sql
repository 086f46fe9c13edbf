-- What a batch decides: the same, in the same order, as the single functions; a test holds the two against each other.
-- One decision after the other, on numbers in memory. A single statement over window functions, possible where no decision
-- depends on the order, measured 6 % faster and was not worth a second way to decide.
create function core.ledger_batch_decide(b core.ledger_batch) returns core.ledger_batch
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int := cardinality(b.op);
  -- What a loop reads often is faster as an array of its own than as a field of the batch.
  v_op text[] := b.op; v_code text[] := b.code; v_amount bigint[] := b.amount; v_min bigint[] := b.min; v_ttl int[] := b.ttl;
  v_hold uuid[] := b.hold; v_ids uuid[]; v_valid boolean[] := b.valid; v_result text[] := b.result;
  v_purse int[] := b.purse; v_frozen boolean[] := b.frozen; v_list int[] := b.list;
  h_amount bigint[] := b.hold_amount; h_captured bigint[] := b.hold_captured; h_status text[] := b.hold_status;
  v_tx bigint[] := array_fill(null::bigint, array[v_count]);
  v_version bigint[] := v_tx; v_counted bigint[] := v_tx; v_posted bigint[] := v_tx; v_settled bigint[] := v_tx; v_held bigint[] := v_tx;
  h_released bigint[] := v_tx;
  v_counts text[] := array_fill(null::text, array[v_count]);
  h_new_status text[] := v_counts;
  v_flags text[] := array_fill('{}'::text, array[v_count]);
  v_purse_balance bigint[] := b.purse_settled; v_purse_held bigint[] := b.purse_held;
  v_purse_overdraft bigint[] := b.purse_overdraft; v_purse_version bigint[] := b.purse_version;
  w_cap bigint[] := (b.windows).caps; w_spent bigint[] := (b.windows).spent; w_held bigint[] := (b.windows).held;
  w_alert bigint[] := (b.windows).alert_at; w_head text[] := b.heads;
  v_positions int[];
  v_run_list int; v_run_purse int; v_run_spent bigint; v_run_held bigint; v_balance_now bigint; v_held_now bigint; v_version_now bigint;
  v_alert_in bigint; v_hold_rest bigint; v_available bigint; v_rest bigint; v_tightest int; v_granted bigint; v_charged bigint;
  v_held_delta bigint;
  v_windows text; v_kept text; v_text text; v_expires text; v_expires_ttl int; v_status text; w int;
begin
  -- A run of operations on one purse and one list of windows is counted in plain variables (an array element costs
  -- twice as much): what the purse has, and by how much all windows of the list have moved since the run began.
  for i in 1 .. v_count + 1 loop
    if i > v_count or v_list[i] is distinct from v_run_list or v_purse[i] is distinct from v_run_purse then
      continue when i <= v_count and (v_result[i] is not null or not v_valid[i]);
      if v_run_list is not null then
        v_purse_balance[v_run_purse] := v_balance_now;
        v_purse_held[v_run_purse] := v_held_now;
        v_purse_version[v_run_purse] := v_version_now;
        foreach w in array v_positions loop
          w_spent[w] := w_spent[w] + v_run_spent;
          w_held[w] := w_held[w] + v_run_held;
        end loop;
      end if;
      exit when i > v_count;
      v_run_list := v_list[i];
      v_run_purse := v_purse[i];
      v_positions := (b.lists[v_run_list]).positions;
      v_balance_now := v_purse_balance[v_run_purse];
      v_held_now := v_purse_held[v_run_purse];
      v_version_now := v_purse_version[v_run_purse];
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
    v_available := v_balance_now - v_held_now + v_purse_overdraft[v_run_purse];
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
        if v_hold[i] is null then
          v_ids := coalesce(v_ids, core.new_ids(v_count));
          v_hold[i] := v_ids[i];
        end if;
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
      -- Within the hold: what is above one, or late, takes the whole batch one by one.
      v_hold_rest := h_amount[i] - h_captured[i];
      v_charged := coalesce(v_amount[i], v_hold_rest);
      if v_amount[i] is null then v_flags[i] := '{estimated}'; end if;
      v_counted[i] := v_charged;
      v_held_delta := -v_hold_rest;
      h_new_status[i] := 'settled';
      h_released[i] := v_hold_rest - v_charged;
      v_text := concat(', "hold": "', v_hold[i], '", "status": "settled", "charged": ', v_charged, ', "released": ', h_released[i],
        ', "uncollected": 0, "flags": ', case when v_amount[i] is null then '["estimated"]' else '[]' end);
    end if;

    if v_status is null then
      v_tx[i] := nextval('core.journal_id');
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
      v_available := v_balance_now - v_held_now + v_purse_overdraft[v_run_purse];
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
  b.purse_settled := v_purse_balance; b.purse_held := v_purse_held; b.purse_version := v_purse_version;
  b.windows.spent := w_spent; b.windows.held := w_held;
  return b;
end
$$;
comment on function core.ledger_batch_decide is 'Decides a batch, operation by operation; what is not valid keeps a null result.';
