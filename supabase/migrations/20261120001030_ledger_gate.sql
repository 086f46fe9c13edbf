-- The gate: takes every lock of a call in the one global order (accounts by id, holds by id, windows by budget and
-- period) and expires what is due, before anything is decided. Expiry is lazy here and swept in the background;
-- correctness never waits for the sweep.

-- Locks the due holds of locked purses, and one more by name; returns the due ones. Rows are read after the lock.
create function core.ledger_lock_holds(p_purse_ids bigint[], p_hold uuid, p_limit int, p_now timestamptz) returns uuid[]
language plpgsql set search_path = '' as $$
declare
  v_due uuid[];
begin
  select array_agg(d.id) into v_due from (
    select h.id from core.ledger_hold h
    where h.root_id in (select a.root_id from core.ledger_account a where a.id = any (p_purse_ids))
      and h.status = 'open' and h.expires_at <= p_now and h.purse_id = any (p_purse_ids)
    order by h.expires_at limit p_limit) d;
  perform from core.ledger_hold where id = any (coalesce(v_due, '{}') || p_hold) order by id for no key update;
  return coalesce(v_due, '{}');
end
$$;
comment on function core.ledger_lock_holds is 'Locks due holds of locked purses and one named hold, in id order; returns the due ones.';

-- Gives back what due holds still hold. Purses, holds and windows are locked by the caller.
create function core.ledger_expire(p_holds uuid[], p_now timestamptz) returns int
language plpgsql set search_path = '' as $$
declare
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_purse core.ledger_account;
  v_rest bigint;
  v_tx bigint;
  v_budgets jsonb;
  v_count int := 0;
begin
  for v_hold in
    select h.* from core.ledger_hold h
    where h.id = any (p_holds) and h.status = 'open' and h.expires_at <= p_now order by h.expires_at, h.id
  loop
    v_rest := v_hold.amount - v_hold.captured;
    v_tx := nextval('core.ledger_tx_id');
    update core.ledger_hold set status = 'expired', released = v_rest, closed_at = p_now where id = v_hold.id;
    update core.ledger_account set held = held - v_rest, version = version + 1
    where id = v_hold.purse_id returning * into v_purse;
    select * into v_account from core.ledger_account where id = v_hold.account_id;
    v_budgets := core.ledger_count(v_tx, v_hold.budget_ids, v_hold.window_starts, -v_rest, 0, p_now);
    perform core.ledger_journal(v_tx, 'core:expire:' || v_hold.id, 'expire', v_account, v_purse, v_hold.id, v_rest, '{}',
      jsonb_build_object('op', 'expire', 'hold', v_hold.id),
      core.ledger_answer(v_tx, v_purse, v_budgets) || jsonb_build_object('hold', v_hold.id, 'released', v_rest), p_now);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function core.ledger_expire is 'Expires locked, due holds: releases the rest of each and journals it; returns how many.';

-- Enters an account: its purse locked, what is due in its tree expired, and, as asked, one hold locked, the present
-- windows of its path opened and locked, a further account (p_also) and further windows locked, too. Due holds of siblings matter because they sit in the windows of common
-- ancestors; their purses join the lock. now is taken after the locks: it decides expiry and the period.
create function core.ledger_enter(p_account core.ledger_account, p_hold uuid, p_windows boolean, p_also bigint default null,
  p_budget_ids bigint[] default '{}', p_window_starts timestamptz[] default '{}',
  out purse core.ledger_account, out at timestamptz, out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql set search_path = '' as $$
declare
  v_purses bigint[];
  v_due uuid[] := '{}';
  v_lock_ids bigint[];
  v_lock_starts timestamptz[];
begin
  select array_agg(d.purse_id) into v_purses from (
    select h.purse_id from core.ledger_hold h
    where h.root_id = p_account.root_id and h.status = 'open' and h.expires_at <= clock_timestamp()
    order by h.expires_at limit 100) d;
  perform from core.ledger_account
  where id = any (v_purses || p_account.purse_id || p_also)
  order by id for no key update;
  at := clock_timestamp();

  if v_purses is not null then
    v_due := core.ledger_lock_holds(v_purses || p_account.purse_id, p_hold, 100, at);
  elsif p_hold is not null then
    perform from core.ledger_hold where id = p_hold for no key update;
    if exists (select from core.ledger_hold where id = p_hold and status = 'open' and expires_at <= at) then
      v_due := array[p_hold];
    end if;
  end if;

  if p_windows then
    select w.budget_ids, w.window_starts into budget_ids, window_starts from core.ledger_open_windows(p_account.path, at) w;
  end if;
  v_lock_ids := budget_ids;
  v_lock_starts := window_starts;
  if p_hold is not null or v_due <> '{}' or p_budget_ids <> '{}' then
    select array_agg(distinct_windows.budget_id), array_agg(distinct_windows.period_start) into v_lock_ids, v_lock_starts
    from (
      select w.budget_id, w.period_start from core.ledger_hold h, unnest(h.budget_ids, h.window_starts) as w (budget_id, period_start)
      where h.id = any (v_due || p_hold)
      union select k.budget_id, k.period_start
      from unnest(budget_ids || p_budget_ids, window_starts || p_window_starts) as k (budget_id, period_start)
    ) distinct_windows;
  end if;
  if cardinality(v_lock_ids) > 0 then
    perform core.ledger_lock_windows(v_lock_ids, v_lock_starts);
  end if;
  if v_due <> '{}' then
    perform core.ledger_expire(v_due, at);
  end if;
  select * into purse from core.ledger_account where id = p_account.purse_id;
end
$$;
comment on function core.ledger_enter is 'Takes all locks of a call in the global order, expires what is due, and returns the purse, the time and the windows.';

-- Sweeps due holds of all accounts.
create function core_api.ledger_expire_due(p_limit int default 500) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '2s' as $$
declare
  v_purses bigint[];
  v_due uuid[];
  v_ids bigint[];
  v_starts timestamptz[];
  v_now timestamptz;
begin
  perform core.authorize('ledger:operate', null);
  if p_limit is null or p_limit not between 1 and 10000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 10000', 'Call again while it returns as many as the limit.',
      jsonb_build_object('field', 'limit'));
  end if;
  select array_agg(distinct d.purse_id) into v_purses from (
    select purse_id from core.ledger_hold where status = 'open' and expires_at <= clock_timestamp()
    order by expires_at limit p_limit) d;
  if v_purses is null then return jsonb_build_object('ok', true, 'expired', 0); end if;

  perform from core.ledger_account where id = any (v_purses) order by id for no key update;
  v_now := clock_timestamp();
  v_due := core.ledger_lock_holds(v_purses, null, p_limit, v_now);
  select array_agg(w.budget_id), array_agg(w.period_start) into v_ids, v_starts from (
    select distinct k.budget_id, k.period_start
    from core.ledger_hold h, unnest(h.budget_ids, h.window_starts) as k (budget_id, period_start) where h.id = any (v_due)) w;
  perform core.ledger_lock_windows(v_ids, v_starts);
  return jsonb_build_object('ok', true, 'expired', core.ledger_expire(v_due, v_now));
end
$$;
comment on function core_api.ledger_expire_due is 'Expires due holds, at most p_limit, and returns how many. Safe to run from several processes.';
revoke execute on function core_api.ledger_expire_due from public;
grant execute on function core_api.ledger_expire_due to service_role;
