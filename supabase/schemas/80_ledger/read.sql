-- Reads: balance, accounts, history, a hold.

-- The present windows of a path as answers show them, also those without a row yet; nothing is written.
create function core.ledger_current_budgets(p_path bigint[], p_now timestamptz) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select coalesce(jsonb_agg(core.ledger_window_facts(b, a.code, c.cap, p.period_start, p.period_end) || jsonb_build_object(
      'spent', coalesce(w.spent, 0), 'held', coalesce(w.held, 0),
      'rest', c.cap - coalesce(w.spent, 0) - coalesce(w.held, 0), 'etag', core.ledger_budget_etag(b)) order by b.id), '[]')
    from core.ledger_budget b
    join core.ledger_account a on a.id = b.account_id
    cross join lateral core.ledger_period(b.period, b.time_zone, p_now) p
    left join core.ledger_window w on w.budget_id = b.id and w.period_start = p.period_start
    cross join lateral (select b.limit_amount + coalesce(w.moved, 0)
      + coalesce(w.carried, core.ledger_carry(b, p.period_start)) as cap) c
    where b.account_id = any (p_path) and b.removed_at is null);
end
$$;
comment on function core.ledger_current_budgets is 'Each budget on a path with its present window, touched or not.';

create function core.ledger_balance_view(p_account core.ledger_account, p_purse core.ledger_account, p_now timestamptz) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object('ok', true) || core.ledger_account_view(p_account) || jsonb_build_object(
    'granted', p_purse.total_in, 'spent', p_purse.total_out, 'settled', p_purse.total_in::bigint - p_purse.total_out,
    'held', p_purse.held, 'overdraft', p_purse.overdraft, 'available', core.ledger_available(p_purse),
    'version', p_purse.version, 'budgets', core.ledger_current_budgets(p_account.path, p_now), 'at', p_now);
end
$$;
comment on function core.ledger_balance_view is 'An account with the balance of its purse and its present budgets.';

create function core.ledger_left(p_tx core.ledger_tx) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return case when p_tx.id is not null then jsonb_build_object('tx', p_tx.id, 'settled', p_tx.settled, 'held', p_tx.held, 'available', p_tx.available) end;
end
$$;
comment on function core.ledger_left is 'The balance that a transaction left in its purse; null for none.';

-- The last journal row of a purse up to an instant: its own, or a transfer into it. Ids and times of a purse grow
-- together, so its rows are halved until one is left; reading back from the newest would cost what has happened since.
create function core.ledger_last_tx(p_purse bigint, p_transfers boolean, p_at timestamptz) returns core.ledger_tx
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_row core.ledger_tx;
  v_last core.ledger_tx;
begin
  select last_value into v_high from core.journal_id;
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low + 1) / 2;
    if p_transfers then
      select * into v_row from core.ledger_tx
      where op = 'transfer' and related_id = p_purse and id > v_low and id <= v_middle order by id desc limit 1;
    else
      select * into v_row from core.ledger_tx where purse_id = p_purse and id > v_low and id <= v_middle order by id desc limit 1;
    end if;
    if v_row.id is null then
      v_low := v_middle;
    elsif v_row.created_at <= p_at then
      v_last := v_row;
      v_low := v_middle;
    else
      v_high := v_row.id - 1;
    end if;
  end loop;
  return v_last;
end
$$;
comment on function core.ledger_last_tx is 'The last journal row of a purse up to an instant, found by halving.';

-- The balance now (what is due is expired first, hence volatile), or as it was at an instant.
create function core_api.ledger_balance(p_account text, p_at timestamptz default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_account core.ledger_account := core.ledger_find_account('ledger:read', p_account);
  v_purse core.ledger_account;
  v_now timestamptz := clock_timestamp();
  v_own core.ledger_tx;
  v_received core.ledger_tx;
  v_then jsonb;
begin
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  if p_at is null or p_at >= v_now then
    if exists (select from core.ledger_hold
        where root_id = v_account.root_id and status = 'open' and expires_at <= v_now) then
      perform core.ledger_lock_account(null, v_account, null, false);
    end if;
    select * into v_purse from core.ledger_account where id = v_account.purse_id;
    return core.ledger_balance_view(v_account, v_purse, clock_timestamp());
  end if;

  -- Each journal row carries the balance it left behind.
  v_own := core.ledger_last_tx(v_account.purse_id, false, p_at);
  v_received := core.ledger_last_tx(v_account.purse_id, true, p_at);
  v_then := case when v_received.id is null or v_own.id > v_received.id then core.ledger_left(v_own)
    else v_received.result -> 'to_balance' || jsonb_build_object('tx', v_received.id) end;
  return jsonb_build_object('ok', true, 'at', p_at, 'settled', coalesce(v_then -> 'settled', '0'),
    'held', coalesce(v_then -> 'held', '0'), 'available', coalesce(v_then -> 'available', '0'), 'tx', v_then -> 'tx')
    || core.ledger_account_view(v_account);
end
$$;
comment on function core_api.ledger_balance is 'Settled, held and available of an account and the rest of its budgets, now or at an instant.';
revoke execute on function core_api.ledger_balance from public;
grant execute on function core_api.ledger_balance to core_member, service_role;

-- Accounts in the order of their codes, after a cursor; those below p_parent, or all. A member sees its own project's.
create function core_api.ledger_accounts(p_parent text default null, p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
  set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_ok boolean;
  v_member text := core.claims() ->> 'project';
  v_parent core.ledger_account;
  v_now timestamptz := clock_timestamp();
  v_rows jsonb;
begin
  v_ok := core.require_page(p_limit);
  if p_parent is null then
    v_ok := core.authorize('ledger:read', v_member);
  else
    v_parent := core.ledger_find_account('ledger:read', p_parent);
    if v_parent.id is null then return core.ledger_denied('account_not_found', p_parent); end if;
  end if;
  select coalesce(jsonb_agg(core.ledger_balance_view(page.account, page.purse, v_now) - 'ok' order by (page.account).code), '[]') into v_rows
  from (
    select a as account, p as purse from core.ledger_account a join core.ledger_account p on p.id = a.purse_id
    where a.kind not in ('issuer', 'sink', 'breakage')
      -- A project's codes are its name, and what begins with that and '/', before '0': by the index of codes.
      and (v_member is null or a.project = v_member and a.code >= v_member and a.code < v_member || '0')
      and (p_parent is null or a.parent_id = v_parent.id)
      and (p_after is null or a.code > p_after)
    order by a.code limit p_limit) page;
  return jsonb_build_object('ok', true, 'accounts', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 -> 'account' end);
end
$$;
comment on function core_api.ledger_accounts is 'Accounts with their balances, by code, after a cursor.';
revoke execute on function core_api.ledger_accounts from public;
grant execute on function core_api.ledger_accounts to core_member, service_role;

-- What happened to an account, newest first. The history of a purse shows everything that drew on it. p_filter may
-- hold op, hold, key, since, until. One call looks at 5,000 rows at most, so that a rare filter costs many short calls and
-- never a long one: a page may hold less than p_limit, even nothing, and only next null is the end.
create function core_api.ledger_history(p_account text, p_before bigint default null, p_limit int default 100, p_filter jsonb default '{}')
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_unknown text;
  v_scan constant int := case when p_filter - '{since,until}'::text[] = '{}' then p_limit else 5000 end;
  -- By how much numbers and times may differ in order: no call that waits for its locks takes as long.
  v_slack constant interval := '1 minute';
  v_high bigint := coalesce(p_before, 9223372036854775807);
  v_low bigint := 0;
  v_ids bigint[];
  v_rows jsonb;
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.require_object('filter', p_filter);
  select k into v_unknown from jsonb_object_keys(p_filter) k where k not in ('op', 'hold', 'key', 'since', 'until') limit 1;
  if v_unknown is not null then
    perform core.refuse('PT400', 'invalid_filter', format('%s is not a filter', v_unknown), 'Filter by op, hold, key, since or until.',
      jsonb_build_object('field', 'filter'));
  end if;
  v_account := core.ledger_find_account('ledger:read', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  if isfinite((p_filter ->> 'since')::timestamptz) then
    v_low := core.ledger_number_at((p_filter ->> 'since')::timestamptz - v_slack);
  end if;
  if isfinite((p_filter ->> 'until')::timestamptz) then
    v_high := least(v_high, core.ledger_number_at((p_filter ->> 'until')::timestamptz + v_slack) + 1);
  end if;
  select array(
    select u.id from (
      (select t.id from core.ledger_tx t where t.purse_id = v_account.id and t.id > v_low and t.id < v_high order by t.id desc limit v_scan)
      union
      (select t.id from core.ledger_tx t where t.account_id = v_account.id and t.account_id <> t.purse_id and t.id > v_low and t.id < v_high
       order by t.id desc limit v_scan)
      union
      (select t.id from core.ledger_tx t where t.op = 'transfer' and t.related_id = v_account.id and t.id > v_low and t.id < v_high
       order by t.id desc limit v_scan)) u
    order by u.id desc limit v_scan) into v_ids;
  select coalesce(jsonb_agg(r.row order by r.id desc), '[]') into v_rows from (
    select t.id, jsonb_build_object('tx', t.id, 'op', t.op, 'account', a.code, 'key', t.key, 'hold', t.hold, 'amount', t.amount,
      'above', coalesce(t.above, 0), 'uncollected', coalesce(t.uncollected, 0),
      'flags', to_jsonb(t.flags), 'metadata', case when t.op in ('reserve', 'settle', 'charge') then coalesce(t.request -> 'metadata', '{}') else t.request -> 'metadata' end, 'actor', t.actor, 'at', t.created_at,
      'settled', b.after -> 'settled', 'held', b.after -> 'held', 'available', b.after -> 'available') as row
    from core.ledger_tx t join core.ledger_account a on a.id = t.account_id
    cross join lateral (select case when t.op = 'transfer' and t.related_id = v_account.purse_id
      then t.result -> 'to_balance' else core.ledger_left(t) end as after) b
    where t.id = any (v_ids)
      and (not p_filter ? 'op' or t.op = p_filter ->> 'op')
      and (not p_filter ? 'key' or t.key = p_filter ->> 'key')
      and (not p_filter ? 'hold' or t.hold = (p_filter ->> 'hold')::uuid)
      and (not p_filter ? 'since' or t.created_at >= (p_filter ->> 'since')::timestamptz)
      and (not p_filter ? 'until' or t.created_at < (p_filter ->> 'until')::timestamptz)
    order by t.id desc limit p_limit) r;
  return jsonb_build_object('ok', true, 'account', p_account, 'entries', v_rows, 'next', case
    when jsonb_array_length(v_rows) = p_limit then (v_rows -> -1 ->> 'tx')::bigint
    when cardinality(v_ids) = v_scan then v_ids[v_scan] end);
end
$$;
comment on function core_api.ledger_history is 'The journal of an account, newest first, before a cursor.';
revoke execute on function core_api.ledger_history from public;
grant execute on function core_api.ledger_history to core_member, service_role;

-- The present state of a hold. One whose time is up shows as expired before the sweep has been.
create function core_api.ledger_hold_get(p_hold uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_hold core.ledger_hold := core.ledger_find_hold('ledger:read', p_hold);
  v_due boolean := v_hold.status = 'open' and v_hold.expires_at <= clock_timestamp();
begin
  return jsonb_build_object('ok', true, 'hold', v_hold.id,
    'account', (select code from core.ledger_account where id = v_hold.account_id),
    'status', case when v_due then 'expired' else v_hold.status end,
    'amount', v_hold.amount, 'captured', v_hold.captured,
    'released', case when v_due then v_hold.amount - v_hold.captured else v_hold.released end,
    'rest', case when v_hold.status = 'open' and not v_due then v_hold.amount - v_hold.captured else 0 end,
    'above', v_hold.above, 'uncollected', v_hold.uncollected,
    'over', v_hold.over, 'over_bp', v_hold.over_bp, 'metadata', v_hold.metadata, 'opened_at', v_hold.opened_at, 'expires_at', v_hold.expires_at,
    'closed_at', v_hold.closed_at, 'budgets', core.ledger_windows_view(core.ledger_read_hold(v_hold)));
end
$$;
comment on function core_api.ledger_hold_get is 'The present state of a hold; due ones show as expired.';
revoke execute on function core_api.ledger_hold_get from public;
grant execute on function core_api.ledger_hold_get to core_member, service_role;
