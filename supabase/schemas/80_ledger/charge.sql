-- Charge: spends at once what is known beforehand. Never makes the balance negative. Replays on p_key.
-- Locks: purse, windows.
create function core.ledger_charge(
  p_batch core.ledger_batch_locks, p_key text, p_account text, p_amount bigint, p_metadata jsonb
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_at timestamptz;
  v_path core.ledger_path_windows;
  v_counted record;
  v_windows core.ledger_window_set;
  v_id bigint;
  v_tx core.ledger_tx;
  v_request jsonb;
begin
  if length(p_key) between 1 and 200 and not starts_with(p_key, 'core:') and p_amount between 1 and 9007199254740991
    and p_metadata = '{}' then
    v_request := jsonb_build_object('op', 'charge', 'account', p_account, 'amount', p_amount);
  else
    v_ok := core.ledger_require_key(p_key);
    v_ok := core.ledger_require_amount('amount', p_amount);
    v_ok := core.require_object('metadata', p_metadata);
    v_request := core.ledger_request(jsonb_build_object('op', 'charge', 'account', p_account, 'amount', p_amount), p_metadata);
  end if;
  if p_batch.at is null then
    v_ok := core.ledger_authorize('ledger:spend', p_account);
    -- The account found and its purse locked at once. Only what is needed of them: a column costs as much as an expression.
    select a.id, a.project, a.path, a.root_id, a.purse_id, p.id, p.total_in, p.total_out, p.held, p.overdraft, p.version
    into v_account.id, v_account.project, v_account.path, v_account.root_id, v_account.purse_id,
      v_purse.id, v_purse.total_in, v_purse.total_out, v_purse.held, v_purse.overdraft, v_purse.version
    from core.ledger_account a join core.ledger_account p on p.id = a.purse_id
    where a.code = p_account and a.kind not in ('issuer', 'sink', 'breakage') for no key update of p;
    v_at := clock_timestamp();
    if v_account.id is not null then v_path := core.ledger_lock_path(v_account, p_key, v_at); end if;
  else
    v_account := core.ledger_find_account('ledger:spend', p_account);
  end if;
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  if v_path.seen is null then
    v_lock := core.ledger_lock(p_batch, array[v_account.purse_id], array[v_account.root_id], '{}', v_account.path, '{}', '{}', p_amount,
      v_account.project, p_key);
    v_at := v_lock.at;
    v_purse := v_lock.purse;
    if v_lock.is_known then return core.ledger_replay(v_account.project, p_key, v_request); end if;
    if v_lock.is_frozen then return core.ledger_denied('account_frozen', p_account, v_purse); end if;
    v_path.budget_ids := v_lock.budget_ids;
    v_path.window_starts := v_lock.window_starts;
  end if;
  if (p_amount <= v_path.rest and p_amount <= v_purse.total_in::bigint - v_purse.total_out - v_purse.held + v_purse.overdraft) is not true then
    v_windows := core.ledger_read_windows(v_path.budget_ids, v_path.window_starts, false);
    if least(core.ledger_available(v_purse), v_windows.rest) < p_amount then
      return core.ledger_spend_denial(p_account, p_amount, v_purse, v_windows, core.ledger_tightest(v_windows));
    end if;
    v_path.seen := core.ledger_see_windows(v_path.budget_ids, v_path.window_starts);
  end if;

  v_id := nextval('core.journal_id');
  update core.ledger_account set total_out = total_out + p_amount, version = version + 1
  where id = v_purse.id returning total_out, version into v_purse.total_out, v_purse.version;
  v_counted := core.ledger_count_seen(v_id, v_path.seen, 0, p_amount, v_at);
  v_tx := core.ledger_journal(v_id, p_key, 'charge', v_account, v_purse, null, p_amount, '{}', v_request, null, v_at,
    v_path.budget_ids, v_path.window_starts, p_counts => v_counted.counts);
  v_ok := core.ledger_post(v_id, v_purse, -p_amount, 2);
  return core.ledger_answer(v_tx, null, v_counted.heads);
end
$$;
comment on function core.ledger_charge is 'core_api.ledger_charge, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_charge(p_key text, p_account text, p_amount bigint, p_metadata jsonb default '{}') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_charge(null, p_key, p_account, p_amount, p_metadata);
end
$$;
comment on function core_api.ledger_charge is 'Spends credits at once, within balance and budgets. Replays on p_key.';
revoke execute on function core_api.ledger_charge from public;
grant execute on function core_api.ledger_charge to core_member, service_role;
