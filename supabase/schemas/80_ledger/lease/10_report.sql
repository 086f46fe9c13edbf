-- What a device spent of its lease: numbered reports, and the close that gives the rest back.

-- The sum of a report's items, each checked: {key?, amount, at, metadata?}. Raises PT400 naming the first bad one.
create function core.ledger_lease_sum(p_items jsonb) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_sum numeric;
  v_bad record;
begin
  perform core.require_exact('items', p_items);
  if p_items is null or jsonb_typeof(p_items) <> 'array' or jsonb_array_length(p_items) = 0 then
    perform core.refuse('PT400', 'invalid_items', 'items must be an array of what was spent', 'Send [{"amount": …, "at": …}, …].',
      jsonb_build_object('field', 'items'));
  elsif jsonb_array_length(p_items) > 1000 or pg_column_size(p_items) > 1048576 then
    perform core.refuse('PT413', 'report_too_large', 'a report holds at most 1000 items and 1 MB',
      'Split it into several; each has its own seq.', jsonb_build_object('field', 'items', 'max_items', 1000, 'max_bytes', 1048576));
  end if;
  select i.ord - 1 as index, i.value into v_bad
  from jsonb_array_elements(p_items) with ordinality as i (value, ord)
  where case when jsonb_typeof(i.value) = 'object' then not coalesce(
      i.value - '{key,amount,at,metadata}'::text[] = '{}'
      and jsonb_typeof(i.value -> 'amount') = 'number' and i.value ->> 'amount' ~ '^[1-9][0-9]{0,15}$'
      and (i.value -> 'amount')::numeric <= 9007199254740991
      and jsonb_typeof(i.value -> 'at') = 'string' and i.value ->> 'at' ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})$'
      and (not i.value ? 'key' or jsonb_typeof(i.value -> 'key') = 'string' and length(i.value ->> 'key') between 1 and 200)
      and (not i.value ? 'metadata' or jsonb_typeof(i.value -> 'metadata') = 'object'), false) else true end
  order by i.ord limit 1;
  if found then
    perform core.refuse('PT400', 'invalid_items', format('item %s of the report is not {key?, amount, at, metadata?}', v_bad.index),
      'amount: whole micro-credits from 1; at: an ISO 8601 time; key: 1 to 200 characters; metadata: an object.',
      jsonb_build_object('field', 'items', 'index', v_bad.index));
  end if;
  select sum((i.value -> 'amount')::numeric) into v_sum from jsonb_array_elements(p_items) i;
  if v_sum > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount', 'the items sum to more than 9007199254740991 micro-credits', null,
      jsonb_build_object('field', 'items'));
  end if;
  return v_sum;
end
$$;
comment on function core.ledger_lease_sum is 'The sum of a report''s items; PT400 for a malformed one, PT413 above 1,000 items or 1 MB.';

-- Charges what a device spent. Reports are numbered from 1 without a gap; the same number with the same items replays,
-- with other items it is PT422. A report is never refused for money: what is beyond the lease (flag overflow), or comes after
-- its rest went back (flag late), is charged as a late settle is, by core.ledger_split; the rest is uncollected.
-- Locks: purse, hold, windows; the lease goes with its hold.
create function core_api.ledger_lease_report(p_lease uuid, p_seq int, p_items jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_sum bigint := core.ledger_lease_sum(p_items);
  v_lease core.ledger_lease;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_is_above boolean;
  v_part record;
  v_captured bigint;
  v_flags text[] := '{}';
  v_tx bigint;
  v_key text := format('core:lease:%s:%s', p_lease, p_seq);
  v_request jsonb := jsonb_build_object('op', 'lease_report', 'lease', p_lease, 'seq', p_seq, 'items', p_items);
  v_replay jsonb;
  v_answer jsonb;
begin
  if p_seq is null or p_seq < 1 then
    perform core.refuse('PT400', 'invalid_seq', 'seq must be a number from 1', 'Number the reports of a lease 1, 2, 3, …',
      jsonb_build_object('field', 'seq'));
  end if;
  v_lease := core.ledger_find_lease('ledger:spend', p_lease);
  select * into v_account from core.ledger_account where id = v_lease.account_id;

  select * into v_hold from core.ledger_hold where id = p_lease and project = v_lease.project;
  v_is_above := core.ledger_is_above(v_hold, v_sum, clock_timestamp());
  v_lock := core.ledger_lock_account(null, v_account, p_lease, v_is_above, p_need => case when v_is_above then v_sum else 0 end);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, v_key, v_request);
  if v_replay is not null then return v_replay; end if;
  select * into v_lease from core.ledger_lease where id = p_lease;
  select * into v_hold from core.ledger_hold where id = p_lease and project = v_lease.project;
  v_windows := core.ledger_read_hold(v_hold);
  if v_lease.closed_at is not null then
    return core.ledger_denied('hold_closed', v_account.code, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('lease', p_lease, 'hold', p_lease, 'status', v_hold.status));
  elsif p_seq <> v_lease.seq + 1 then
    return core.ledger_denied('lease_gap', v_account.code, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('lease', p_lease, 'seq', p_seq, 'expected', v_lease.seq + 1));
  end if;

  if v_lease.reported::bigint + v_sum > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount', 'the lease would have reported more than 9007199254740991 micro-credits in all',
      'Check what was metered.', jsonb_build_object('field', 'items'));
  elsif v_hold.status <> 'open' or v_sum > v_hold.amount - v_hold.captured then
    if not v_is_above then v_ok := core.ledger_retry(); end if;
  else
    v_lock.budget_ids := null;
    v_lock.window_starts := null;
  end if;
  v_windows := core.ledger_read_hold(v_hold, v_lock.budget_ids, v_lock.window_starts);
  v_part := core.ledger_split(v_hold, v_purse, v_sum,
    (core.ledger_pick(v_windows, v_lock.budget_ids, v_lock.window_starts)).rest);
  if v_hold.status <> 'open' then v_flags := v_flags || 'late'::text; end if;
  if v_lease.reported + v_sum > v_lease.amount then v_flags := v_flags || 'overflow'::text; end if;
  if v_part.uncollected > 0 then v_flags := v_flags || 'uncollected'::text; end if;
  v_tx := nextval('core.journal_id');
  update core.ledger_lease l set reported = l.reported + v_sum, seq = p_seq,
    flags = l.flags || array(select f from unnest(v_flags) f where f <> all (l.flags))
  where l.id = p_lease returning * into v_lease;
  update core.ledger_account set total_out = total_out + v_part.within + v_part.above, held = held - v_part.within, version = version + 1
  where id = v_purse.id returning * into v_purse;
  v_captured := v_hold.captured;
  v_windows := core.ledger_count_hold(v_tx, v_windows, v_hold, v_captured, -v_part.within, v_part.within, v_lock.budget_ids,
    v_lock.window_starts, v_part.above, v_lock.at);
  update core.ledger_hold set captured = captured + v_part.within, above = above + v_part.above,
    uncollected = uncollected + v_part.uncollected
  where id = p_lease and project = v_lease.project returning * into v_hold;
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(v_windows))
    || core.ledger_lease_view(v_lease, v_hold, v_account.code, v_lock.at)
    || jsonb_build_object('charged', v_part.within + v_part.above, 'uncollected', v_part.uncollected, 'flags', to_jsonb(v_flags));
  perform core.ledger_journal(v_tx, v_key, 'lease_report', v_account, v_purse, p_lease, v_part.within + v_part.above, v_flags, v_request,
    v_answer, v_lock.at, v_lock.budget_ids, v_lock.window_starts, p_above => v_part.above, p_uncollected => v_part.uncollected,
    p_captured_from => v_captured);
  if v_part.within + v_part.above > 0 then v_ok := core.ledger_post(v_tx, v_purse, -(v_part.within + v_part.above), 2); end if;
  if v_part.uncollected > 0 then v_ok := core.ledger_alert_uncollected(v_tx, v_account, p_lease, v_part.uncollected, v_lock.at); end if;
  return v_answer;
end
$$;
comment on function core_api.ledger_lease_report is 'Charges what a device spent of its lease. Numbered from 1 without a gap; the same number with the same items replays.';
revoke execute on function core_api.ledger_lease_report from public;
grant execute on function core_api.ledger_lease_report to core_member, service_role;

-- Ends a lease: gives back at once what is not reported and refuses further reports, except replays. Who closes a
-- lease for a device that still has spends to report gives those away. Replays on p_key. Locks: purse, hold, windows.
create function core_api.ledger_lease_close(p_key text, p_lease uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_lease core.ledger_lease;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_rest bigint := 0;
  v_tx bigint;
  v_request jsonb := jsonb_build_object('op', 'lease_close', 'lease', p_lease);
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  v_lease := core.ledger_find_lease('ledger:spend', p_lease);
  select * into v_account from core.ledger_account where id = v_lease.account_id;

  v_lock := core.ledger_lock_account(null, v_account, p_lease, false, p_need => 0);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  select * into v_lease from core.ledger_lease where id = p_lease;
  select * into v_hold from core.ledger_hold where id = p_lease and project = v_lease.project;
  v_windows := core.ledger_read_hold(v_hold);
  if v_lease.closed_at is not null then
    return core.ledger_denied('hold_closed', v_account.code, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('lease', p_lease, 'hold', p_lease, 'status', v_hold.status));
  end if;

  v_tx := nextval('core.journal_id');
  -- After the grace the hold has expired, which was its one end.
  if v_hold.status = 'open' then
    v_rest := v_hold.amount - v_hold.captured;
    update core.ledger_hold set status = 'settled', released = v_rest, closed_at = v_lock.at
    where id = p_lease and project = v_lease.project returning * into v_hold;
  end if;
  update core.ledger_lease set closed_at = v_lock.at where id = p_lease returning * into v_lease;
  update core.ledger_account set held = held - v_rest, version = version + 1 where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(core.ledger_count_hold(v_tx, v_windows, v_hold, v_hold.captured,
      -v_rest, 0, null, null, 0, v_lock.at)))
    || core.ledger_lease_view(v_lease, v_hold, v_account.code, v_lock.at) || jsonb_build_object('released', v_rest);
  perform core.ledger_journal(v_tx, p_key, 'lease_close', v_account, v_purse, p_lease, 0, '{}', v_request, v_answer, v_lock.at);
  return v_answer;
end
$$;
comment on function core_api.ledger_lease_close is 'Ends a lease: the unreported rest goes back at once, further reports are refused. Replays on p_key.';
revoke execute on function core_api.ledger_lease_close from public;
grant execute on function core_api.ledger_lease_close to core_member, service_role;
