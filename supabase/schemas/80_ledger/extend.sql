-- Live holds: extend them while work continues, capture parts of them.

-- A hold with p_granted more, which count in the windows of a list: in those it has, unless they are others by now.
create function core.ledger_grow(p_hold core.ledger_hold, p_granted bigint, p_ids bigint[], p_starts timestamptz[]) returns core.ledger_hold
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_hold core.ledger_hold := p_hold;
  v_place int;
begin
  v_hold.amount := p_hold.amount + p_granted;
  if p_granted = 0 or p_hold.part_from is null and p_hold.budget_ids = p_ids and p_hold.window_starts = p_starts then return v_hold; end if;
  if p_hold.part_from is null then
    v_hold.part_from := array_fill(0::bigint, array[cardinality(p_hold.budget_ids)]);
    v_hold.part_to := array_fill(p_hold.amount::bigint, array[cardinality(p_hold.budget_ids)]);
  end if;
  for i in 1 .. cardinality(p_ids) loop
    select k.ord into v_place
    from unnest(p_hold.budget_ids, p_hold.window_starts, v_hold.part_to) with ordinality as k (id, start, part_to, ord)
    where k.id = p_ids[i] and k.start = p_starts[i] and k.part_to = p_hold.amount;
    if found then
      v_hold.part_to[v_place] := v_hold.amount;
    else
      v_hold.budget_ids := v_hold.budget_ids || p_ids[i];
      v_hold.window_starts := v_hold.window_starts || p_starts[i];
      v_hold.part_from := v_hold.part_from || p_hold.amount::bigint;
      v_hold.part_to := v_hold.part_to || v_hold.amount::bigint;
    end if;
  end loop;
  if cardinality(v_hold.part_from) > 1000 then
    perform core.refuse('PT400', 'invalid_amount', 'the hold would count in more than 1000 windows',
      'Settle it and reserve again.', jsonb_build_object('field', 'add'));
  end if;
  return v_hold;
end
$$;
comment on function core.ledger_grow is 'A hold that was granted more, which counts in the windows of a list.';

-- Adds credits to an open hold and renews its time in one call; p_add 0 only renews. What is added must fit and counts in
-- the present windows: a hold kept alive from one period to the next takes nothing of the rest of the last one.
-- Replays on p_key. Locks: purse, hold, windows.
create function core.ledger_extend(
  p_batch core.ledger_batch_locks, p_key text, p_hold uuid, p_add bigint, p_min bigint, p_ttl_s int
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_present core.ledger_window_set;
  v_granted bigint;
  v_tx bigint;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.ledger_require_amount('add', p_add, 0);
  v_ok := core.ledger_require_ttl(p_ttl_s);
  if p_min is not null and (p_min < 0 or p_min > p_add) then
    perform core.refuse('PT400', 'invalid_min', format('min must be from 0 to add (%s), got %s', p_add, p_min),
      'Leave min out to add exactly the amount.', jsonb_build_object('field', 'min'));
  end if;
  v_hold := core.ledger_find_hold('ledger:spend', p_hold);
  select * into v_account from core.ledger_account where id = v_hold.account_id;
  v_request := jsonb_build_object('op', 'extend', 'hold', p_hold, 'add', p_add, 'min', p_min, 'ttl_s', p_ttl_s);

  v_lock := core.ledger_lock_account(p_batch, v_account, p_hold, p_add > 0, p_need => p_add);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  v_hold := v_lock.hold;
  if v_hold.status <> 'open' then
    return core.ledger_denied('hold_closed', v_account.code, v_purse, core.ledger_windows_view(core.ledger_read_hold(v_hold)),
      jsonb_build_object('hold', p_hold, 'status', v_hold.status));
  elsif p_add > 0 and core.ledger_is_frozen(v_account.path) then
    return core.ledger_denied('account_frozen', v_account.code, v_purse);
  end if;
  v_windows := core.ledger_read_hold(v_hold, v_lock.budget_ids, v_lock.window_starts);
  v_present := core.ledger_pick(v_windows, v_lock.budget_ids, v_lock.window_starts);
  v_granted := greatest(0, least(p_add, core.ledger_available(v_purse), v_present.rest));
  if v_granted < coalesce(p_min, p_add) then
    return core.ledger_spend_denial(v_account.code, coalesce(p_min, p_add), v_purse, v_windows, core.ledger_tightest(v_present))
      || jsonb_build_object('hold', p_hold);
  end if;
  if v_hold.amount::bigint + v_granted > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount', 'the hold would have been granted more than 9007199254740991 micro-credits in all',
      'Settle it and reserve again.', jsonb_build_object('field', 'add'));
  end if;

  v_tx := nextval('core.journal_id');
  v_hold := core.ledger_grow(v_hold, v_granted, v_lock.budget_ids, v_lock.window_starts);
  -- A renewal never shortens what an earlier one promised.
  v_hold.expires_at := greatest(v_hold.expires_at, v_lock.at + make_interval(secs => p_ttl_s));
  update core.ledger_hold h set amount = v_hold.amount, expires_at = v_hold.expires_at, budget_ids = v_hold.budget_ids,
    window_starts = v_hold.window_starts, part_from = v_hold.part_from, part_to = v_hold.part_to
  where h.id = p_hold and h.project = v_account.project;
  update core.ledger_account set held = held + v_granted, version = version + 1 where id = v_purse.id returning * into v_purse;
  v_windows := core.ledger_count_list(v_tx, v_windows, v_lock.budget_ids, v_lock.window_starts, v_granted, 0, v_lock.at);
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(v_windows))
    || jsonb_build_object('hold', p_hold, 'granted', v_granted, 'amount', v_hold.amount, 'expires_at', v_hold.expires_at);
  perform core.ledger_journal(v_tx, p_key, 'extend', v_account, v_purse, p_hold, v_granted, '{}', v_request, v_answer, v_lock.at);
  return v_answer;
end
$$;
comment on function core.ledger_extend is 'core_api.ledger_extend, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_extend(p_key text, p_hold uuid, p_add bigint default 0, p_min bigint default null, p_ttl_s int default 120) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_extend(null, p_key, p_hold, p_add, p_min, p_ttl_s);
end
$$;
comment on function core_api.ledger_extend is 'Adds credits to an open hold and renews its time in one call. Replays on p_key.';
revoke execute on function core_api.ledger_extend from public;
grant execute on function core_api.ledger_extend to core_member, service_role;

-- Charges a part of an open hold, which stays open with the rest. Replays on p_key. Locks: purse, hold, windows.
create function core.ledger_capture(
  p_batch core.ledger_batch_locks, p_key text, p_hold uuid, p_amount bigint
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_rest bigint;
  v_windows core.ledger_window_set;
  v_tx bigint;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.ledger_require_amount('amount', p_amount);
  v_hold := core.ledger_find_hold('ledger:spend', p_hold);
  select * into v_account from core.ledger_account where id = v_hold.account_id;
  v_request := jsonb_build_object('op', 'capture', 'hold', p_hold, 'amount', p_amount);

  v_lock := core.ledger_lock_account(p_batch, v_account, p_hold, false, p_need => 0);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  v_hold := v_lock.hold;
  v_windows := core.ledger_read_hold(v_hold);
  v_rest := v_hold.amount - v_hold.captured;
  if v_hold.status <> 'open' or p_amount > v_rest then
    return core.ledger_denied(case when v_hold.status <> 'open' then 'hold_closed' else 'over_capture' end,
      v_account.code, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('hold', p_hold, 'status', v_hold.status, 'requested', p_amount, 'limit', v_rest));
  end if;

  v_tx := nextval('core.journal_id');
  update core.ledger_hold set captured = captured + p_amount where id = p_hold and project = v_account.project;
  update core.ledger_account set held = held - p_amount, total_out = total_out + p_amount, version = version + 1
  where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse,
      core.ledger_windows_view(core.ledger_count_hold(v_tx, v_windows, v_hold, v_hold.captured, -p_amount, p_amount, null, null, 0, v_lock.at)))
    || jsonb_build_object('hold', p_hold, 'charged', p_amount, 'captured', v_hold.captured + p_amount, 'rest', v_rest - p_amount);
  perform core.ledger_journal(v_tx, p_key, 'capture', v_account, v_purse, p_hold, p_amount, '{}', v_request, v_answer, v_lock.at,
    p_captured_from => v_hold.captured);
  v_ok := core.ledger_post(v_tx, v_purse, -p_amount, 2);
  return v_answer;
end
$$;
comment on function core.ledger_capture is 'core_api.ledger_capture, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_capture(p_key text, p_hold uuid, p_amount bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_capture(null, p_key, p_hold, p_amount);
end
$$;
comment on function core_api.ledger_capture is 'Charges a part of an open hold, which stays open. Replays on p_key.';
revoke execute on function core_api.ledger_capture from public;
grant execute on function core_api.ledger_capture to core_member, service_role;
